"""Studies from and to a hospital's archive: DICOM's own network (pynetdicom) and DICOMweb (dicomweb-client).

Nothing listens and nothing connects until a node is written down and a person asks for it.
"""
