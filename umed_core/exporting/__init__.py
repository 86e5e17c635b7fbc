"""Findings written out for others: DICOM SR, presentation state and parametric map; COCO, JSON and PNG. Free of Qt."""
