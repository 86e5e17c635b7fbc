"""The image on the screen: its pixels, boxes and attention under one affine map."""
