"""The vision-language model: typed messages, a worker process and its engines.

`messages`, `engine`, `worker`, `client`, `fake` and `onnx_engine` are torch-free; the model itself is not.
"""
