"""The findings beside the image: what a person made of the model's boxes, their list, and the hand that draws them."""
