"""What a reader measures: lengths, angles, regions and pixels, kept with the study."""
