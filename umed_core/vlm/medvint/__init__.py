"""MedVInt in transformers' own form: a residual CNN, a connector, any causal language model. Importing registers it."""

from transformers import AutoBackbone, AutoConfig, AutoImageProcessor, AutoModelForImageTextToText, AutoProcessor

from umed_core.vlm.medvint.configuration import EfficientNetLiteConfig, MedVIntConfig
from umed_core.vlm.medvint.encoder import EfficientNetLiteBackbone
from umed_core.vlm.medvint.model import MedVIntForConditionalGeneration
from umed_core.vlm.medvint.processor import MedVIntImageProcessorPil, MedVIntProcessor

__all__ = [
    "EfficientNetLiteBackbone",
    "EfficientNetLiteConfig",
    "MedVIntConfig",
    "MedVIntForConditionalGeneration",
    "MedVIntProcessor",
]

AutoConfig.register("efficientnet_lite", EfficientNetLiteConfig, exist_ok=True)
AutoConfig.register("medvint", MedVIntConfig, exist_ok=True)
AutoBackbone.register(EfficientNetLiteConfig, EfficientNetLiteBackbone, exist_ok=True)
AutoModelForImageTextToText.register(MedVIntConfig, MedVIntForConditionalGeneration, exist_ok=True)
AutoImageProcessor.register(MedVIntConfig, image_processor_classes={"pil": MedVIntImageProcessorPil}, exist_ok=True)
AutoProcessor.register(MedVIntConfig, MedVIntProcessor, exist_ok=True)
