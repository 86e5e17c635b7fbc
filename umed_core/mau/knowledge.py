"""What umed can say about each class of finding: general facts in short sentences, the same for every patient.

The facts are common ground of standard textbooks of radiology and internal medicine and of public patient
information. They describe a class and never the image at hand; nothing here is advice for one person.
Every sentence names its class and keeps to 25 words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

__all__ = ["CLASSES", "KNOWLEDGE", "ClassKnowledge", "noun_phrase"]


@dataclass(frozen=True, slots=True)
class ClassKnowledge:
    """General facts on one class; each fact is one or two wordings of the same sentence.

    `noun` is the label with its article, as a sentence uses it ("a polyp", "pneumonia").
    """

    noun: str
    definition: tuple[str, ...]
    symptoms: tuple[str, ...]
    diagnosis: tuple[str, ...]
    next_steps: tuple[str, ...]
    danger: tuple[str, ...]


_TABLE = {
    "kidney stone": ClassKnowledge(
        "a kidney stone",
        (
            "A kidney stone is a hard deposit of minerals and salts that forms in the kidney.",
            "A kidney stone is a solid piece of crystallised minerals, most often calcium oxalate.",
        ),
        (
            "A kidney stone may cause severe flank pain, blood in the urine, nausea and vomiting, or no symptoms.",
            "Typical of a kidney stone are colicky flank pain, blood in the urine and nausea.",
        ),
        (
            "A kidney stone is confirmed by CT without contrast; ultrasound and a urine test help.",
            "Non-contrast CT is the most reliable test for a kidney stone; ultrasound avoids radiation.",
        ),
        (
            "A small kidney stone often passes with fluids and pain relief; a larger one may need removal.",
            "A kidney stone is treated by its size: fluids and pain relief, shock waves or ureteroscopy.",
        ),
        (
            "A kidney stone is not contagious; blocked urine with fever is an emergency.",
            "A kidney stone cannot be passed on; the danger is a blocked and infected kidney.",
        ),
    ),
    "pulmonary tuberculosis": ClassKnowledge(
        "pulmonary tuberculosis",
        (
            "Pulmonary tuberculosis is an infection of the lungs by Mycobacterium tuberculosis.",
            "Pulmonary tuberculosis is a bacterial lung disease that spreads through the air.",
        ),
        (
            "Pulmonary tuberculosis may cause a long cough, fever, night sweats, weight loss and blood in the sputum.",
            "Typical of pulmonary tuberculosis are cough for weeks, night sweats, fever and weight loss.",
        ),
        (
            "Pulmonary tuberculosis is confirmed by a sputum test; a chest image alone is no proof.",
            "To confirm pulmonary tuberculosis, sputum is tested by molecular methods and culture.",
        ),
        (
            "Suspected pulmonary tuberculosis needs sputum tests; active disease is treated with antibiotics.",
            "Active pulmonary tuberculosis is treated with a combination of antibiotics, usually for about six months.",
        ),
        (
            "Active pulmonary tuberculosis is contagious through the air; it can be fatal but is curable.",
            "Pulmonary tuberculosis can spread by coughing while active; healed disease is not contagious.",
        ),
    ),
    "polyp": ClassKnowledge(
        "a polyp",
        (
            "A polyp is a growth of tissue that projects from the lining of the bowel.",
            "A polyp is a small growth on a mucous membrane, most often in the colon.",
        ),
        (
            "A polyp usually causes no symptoms; a large one may bleed or change bowel habits.",
            "Most people with a polyp notice nothing; some have blood in the stool.",
        ),
        (
            "A polyp is found by colonoscopy and confirmed by examining the tissue under a microscope.",
            "The type of a polyp is confirmed by histology after a biopsy or its removal.",
        ),
        (
            "A polyp is usually removed during colonoscopy and examined; follow-up depends on its size and type.",
            "After removal of a polyp, the pathology report decides when the next colonoscopy is due.",
        ),
        (
            "A polyp is not contagious; most are benign, but some types can become cancer over years.",
            "A polyp cannot be passed on; an adenoma may turn malignant if it is left in place.",
        ),
    ),
    "bone lesion": ClassKnowledge(
        "a bone lesion",
        ("A bone lesion is an area of bone that is changed or destroyed, benign or malignant.",),
        ("A bone lesion may cause pain, swelling or a break after a slight injury, or no symptoms.",),
        ("A bone lesion is examined with X-ray, CT and MRI; a biopsy confirms it when imaging is unclear.",),
        ("A bone lesion is compared with earlier images; follow-up, biopsy or treatment depends on its cause.",),
        ("A bone lesion is not usually contagious; it may be harmless, an infection, a tumour or a metastasis.",),
    ),
    "abdomen lesion": ClassKnowledge(
        "an abdomen lesion",
        ("An abdomen lesion is an abnormal area in the abdomen, such as a lymph node, cyst or tumour.",),
        ("An abdomen lesion may cause pain, fullness or weight loss, but many cause no symptoms.",),
        ("An abdomen lesion is examined with CT or MRI with contrast; a biopsy can confirm its nature.",),
        ("An abdomen lesion is compared with earlier scans; follow-up imaging, biopsy or surgery may come next.",),
        ("An abdomen lesion is not usually contagious; whether it is dangerous depends on its cause.",),
    ),
    "mediastinum lesion": ClassKnowledge(
        "a mediastinum lesion",
        ("A mediastinum lesion is an abnormal area between the lungs, often an enlarged lymph node.",),
        ("A mediastinum lesion may cause cough, chest pain or trouble swallowing, or no symptoms.",),
        ("A mediastinum lesion is examined with contrast CT, sometimes PET; needle biopsy can confirm it.",),
        ("A mediastinum lesion is followed with CT or sampled; treatment depends on the tissue found.",),
        ("A mediastinum lesion is seldom contagious itself; lymphoma, metastasis and infection must be ruled out.",),
    ),
    "liver lesion": ClassKnowledge(
        "a liver lesion",
        ("A liver lesion is an area of the liver that differs from normal tissue, such as a cyst or tumour.",),
        ("A liver lesion often causes no symptoms; a large one may cause pain in the upper right abdomen.",),
        ("A liver lesion is examined with multiphase CT, MRI or contrast ultrasound; a biopsy is sometimes needed.",),
        ("A liver lesion that looks benign may be followed; a suspicious one needs MRI, a biopsy or treatment.",),
        ("A liver lesion is not usually contagious; many are benign, but cancer and metastasis must be ruled out.",),
    ),
    "lung lesion": ClassKnowledge(
        "a lung lesion",
        ("A lung lesion is an abnormal area in the lung, which may be benign, infectious or malignant.",),
        ("A lung lesion may cause cough, breathlessness or blood in the sputum; many cause no symptoms.",),
        ("A lung lesion is examined with chest CT, sometimes PET; a biopsy confirms its nature.",),
        ("A lung lesion is compared with earlier scans; by size and risk it is followed, sampled or removed.",),
        ("A lung lesion is contagious only if an infection causes it; cancer must be ruled out.",),
    ),
    "kidney lesion": ClassKnowledge(
        "a kidney lesion",
        ("A kidney lesion is an abnormal area in the kidney, most often a simple cyst, sometimes a tumour.",),
        ("A kidney lesion usually causes no symptoms; some cause flank pain or blood in the urine.",),
        ("A kidney lesion is examined with ultrasound and with CT or MRI before and after contrast.",),
        ("A kidney lesion that is a simple cyst needs nothing; a solid one is followed, sampled or removed.",),
        ("A kidney lesion is not contagious; simple cysts are harmless, while solid ones may be cancer.",),
    ),
    "soft tissue lesion": ClassKnowledge(
        "a soft tissue lesion",
        ("A soft tissue lesion is an abnormal area in muscle, fat, skin or connective tissue.",),
        ("A soft tissue lesion may be felt as a lump and may hurt, but it often causes no symptoms.",),
        ("A soft tissue lesion is examined with ultrasound or MRI; a biopsy confirms it if it is suspicious.",),
        ("A soft tissue lesion that grows, lies deep or is large should be seen by a specialist.",),
        ("A soft tissue lesion is not usually contagious; most are benign, few are sarcomas or metastases.",),
    ),
    "pelvis lesion": ClassKnowledge(
        "a pelvis lesion",
        ("A pelvis lesion is an abnormal area in the pelvis, such as a lymph node, cyst or tumour.",),
        ("A pelvis lesion may cause pelvic pain, bleeding or urinary trouble, or no symptoms.",),
        ("A pelvis lesion is examined with ultrasound, MRI or CT; a biopsy can confirm its nature.",),
        ("A pelvis lesion is compared with earlier images; follow-up, biopsy or surgery depends on its cause.",),
        ("A pelvis lesion is not usually contagious; whether it is dangerous depends on its cause.",),
    ),
    "atelectasis": ClassKnowledge(
        "atelectasis",
        ("Atelectasis is the loss of air in a part of the lung, which then shrinks.",),
        ("Atelectasis may cause breathlessness and cough; a small area often causes no symptoms.",),
        ("Atelectasis is seen on chest X-ray or CT; bronchoscopy may show a blocked airway.",),
        ("Atelectasis is treated by its cause: deep breathing, physiotherapy or clearing a blocked airway.",),
        ("Atelectasis is not contagious; a large area lowers oxygen, and a blocking tumour must be ruled out.",),
    ),
    "cardiomegaly": ClassKnowledge(
        "cardiomegaly",
        ("Cardiomegaly means that the heart is enlarged, often wider than half of the chest on an X-ray.",),
        ("Cardiomegaly may come with breathlessness, swollen legs and tiredness, or without symptoms.",),
        ("Cardiomegaly on an X-ray is confirmed by echocardiography; an ECG helps to find its cause.",),
        ("Cardiomegaly calls for an echocardiogram; treatment is that of its cause, such as high blood pressure.",),
        ("Cardiomegaly is not contagious; it may be a sign of serious heart disease.",),
    ),
    "consolidation": ClassKnowledge(
        "consolidation",
        ("Consolidation means that air spaces of the lung are filled with fluid, pus, blood or cells.",),
        ("Consolidation often comes with cough, fever and breathlessness when an infection causes it.",),
        ("Consolidation is seen on chest X-ray or CT; blood and sputum tests help to find its cause.",),
        ("Consolidation is treated by its cause, and a later X-ray may check that it has cleared.",),
        ("Consolidation is contagious only if an infection causes it; a large area can impair breathing.",),
    ),
    "edema": ClassKnowledge(
        "edema",
        ("Edema of the lung is fluid in its tissue and air spaces, often due to heart failure.",),
        ("Edema of the lung causes breathlessness, worse when lying flat, and sometimes frothy sputum.",),
        ("Edema of the lung is seen on chest X-ray; an echocardiogram and blood tests show its cause.",),
        ("Edema of the lung is treated with oxygen and diuretics, and by treating its cause.",),
        ("Edema of the lung is not contagious; sudden breathlessness is an emergency.",),
    ),
    "pleural effusion": ClassKnowledge(
        "a pleural effusion",
        ("A pleural effusion is fluid between the lung and the chest wall.",),
        ("A pleural effusion may cause breathlessness, dull chest pain and cough; a small one is often silent.",),
        ("A pleural effusion is confirmed by ultrasound or CT; a sample of the fluid shows its cause.",),
        ("A pleural effusion is treated by its cause; a large one may be drained.",),
        ("A pleural effusion is not contagious itself; infection, heart failure and cancer are possible causes.",),
    ),
    "emphysema": ClassKnowledge(
        "emphysema",
        ("Emphysema is permanent damage of the air sacs of the lung, mostly caused by smoking.",),
        ("Emphysema causes breathlessness on effort, and often cough and wheezing.",),
        ("Emphysema is shown by CT; lung function tests measure how much it limits breathing.",),
        ("Emphysema is managed by stopping smoking, inhalers, exercise training and vaccination.",),
        ("Emphysema is not contagious; it cannot be reversed and may lead to respiratory failure.",),
    ),
    "fibrosis": ClassKnowledge(
        "fibrosis",
        ("Fibrosis of the lung is scarring that makes the tissue stiff.",),
        ("Fibrosis of the lung may cause breathlessness on effort and a dry cough.",),
        ("Fibrosis of the lung is examined with high-resolution CT and lung function tests.",),
        ("Fibrosis of the lung should be seen by a lung specialist; some forms are slowed by medicines.",),
        ("Fibrosis of the lung is not contagious; old scars are often harmless, progressive forms are serious.",),
    ),
    "hernia": ClassKnowledge(
        "a hernia",
        ("A hernia is an organ that bulges through an opening, such as the stomach through the diaphragm.",),
        ("A hernia of the diaphragm may cause heartburn or chest discomfort, and often no symptoms.",),
        ("A hernia of the diaphragm is confirmed by CT, a contrast swallow or endoscopy.",),
        ("A hernia without symptoms is often left alone; troublesome ones need medicine or surgery.",),
        ("A hernia is not contagious; sudden severe pain or vomiting is an emergency.",),
    ),
    "infiltration": ClassKnowledge(
        "infiltration",
        ("Infiltration is an ill-defined shadow in the lung, where fluid or cells have entered the tissue.",),
        ("Infiltration may come with cough, fever and breathlessness, depending on its cause.",),
        ("Infiltration is a descriptive word; the history, blood tests and CT help to find its cause.",),
        ("Infiltration is treated by its cause, often an infection, and checked by a later image.",),
        ("Infiltration is contagious only if an infection causes it; its danger depends on the cause.",),
    ),
    "mass": ClassKnowledge(
        "a mass",
        ("A mass in the lung is a solid-looking opacity of more than 3 cm.",),
        ("A mass may cause cough, chest pain, weight loss or blood in the sputum, or no symptoms.",),
        ("A mass on an X-ray is examined with chest CT; a biopsy confirms its nature.",),
        ("A mass needs prompt CT and a specialist's opinion; cancer is considered until ruled out.",),
        ("A mass is not usually contagious; it may be malignant and should be examined soon.",),
    ),
    "nodule": ClassKnowledge(
        "a nodule",
        ("A nodule in the lung is a rounded opacity of up to 3 cm.",),
        ("A nodule usually causes no symptoms and is found by chance.",),
        ("A nodule is examined with chest CT; growth over time, PET or a biopsy shows its nature.",),
        ("A nodule is followed with CT by its size and the person's risk, or sampled.",),
        ("A nodule is not usually contagious; most are benign, but some are early cancer.",),
    ),
    "pleural thickening": ClassKnowledge(
        "pleural thickening",
        ("Pleural thickening is scarring that makes the lining of the lung thicker.",),
        ("Pleural thickening often causes no symptoms; when extensive it may cause breathlessness.",),
        ("Pleural thickening is confirmed by CT, which tells it from fluid and from tumour.",),
        ("Pleural thickening that is small needs no treatment; past asbestos contact should be asked about.",),
        ("Pleural thickening is not contagious; most is harmless, but irregular forms may be malignant.",),
    ),
    "pneumonia": ClassKnowledge(
        "pneumonia",
        ("Pneumonia is an infection of the lung that fills air spaces with fluid and cells.",),
        ("Pneumonia causes cough, fever, breathlessness and sometimes chest pain.",),
        ("Pneumonia is diagnosed from symptoms, examination and a chest X-ray; blood and sputum tests help.",),
        ("Pneumonia caused by bacteria is treated with antibiotics; severe cases need hospital care.",),
        ("Pneumonia can be caused by contagious germs; it is dangerous for the old, the very young and the frail.",),
    ),
    "pneumothorax": ClassKnowledge(
        "a pneumothorax",
        ("A pneumothorax is air between the lung and the chest wall, which lets the lung collapse.",),
        ("A pneumothorax causes sudden chest pain and breathlessness; a small one may be silent.",),
        ("A pneumothorax is confirmed by chest X-ray, ultrasound or CT.",),
        ("A small pneumothorax may be watched; a larger one needs the air drawn off or a chest drain.",),
        ("A pneumothorax is not contagious; under tension it is life-threatening and needs help at once.",),
    ),
    "fracture": ClassKnowledge(
        "a fracture",
        ("A fracture is a break in a bone.",),
        ("A fracture causes pain, swelling, tenderness and loss of function, sometimes deformity.",),
        ("A fracture is confirmed by X-rays in two planes; CT or MRI shows hidden ones.",),
        ("A fracture is kept still in a cast or splint, or fixed by surgery, and then checked.",),
        ("A fracture is not contagious; an open wound, numbness or poor blood flow is an emergency.",),
    ),
    "ground glass opacity": ClassKnowledge(
        "ground glass opacity",
        ("Ground glass opacity is a hazy area of the lung in which vessels can still be seen.",),
        ("Ground glass opacity may come with cough, fever or breathlessness, or without symptoms.",),
        ("Ground glass opacity is best seen on CT; tests for infection and follow-up show its cause.",),
        ("Ground glass opacity is often checked by CT after some weeks or months; treatment depends on its cause.",),
        ("Ground glass opacity is contagious only if an infection causes it; lasting ones may be early cancer.",),
    ),
}

_UNSPECIFIC = {
    "lesion": ClassKnowledge(
        "a lesion",
        ("A lesion is an area of tissue that differs from its surroundings; the word names no cause.",),
        ("A lesion may cause pain or disturb the organ around it, but many cause no symptoms.",),
        ("A lesion is examined with CT, MRI or ultrasound; a biopsy confirms its nature when imaging is unclear.",),
        ("A lesion is compared with earlier images; follow-up, biopsy or treatment depends on its place and cause.",),
        ("A lesion is not usually contagious; whether it is dangerous depends on its cause.",),
    ),
    "effusion": replace(_TABLE["pleural effusion"], noun="an effusion"),
}
"""Labels of public sets that say less than a class: DeepLesion's lesion without a type, NIH's name of the pleural one."""

KNOWLEDGE: Mapping[str, ClassKnowledge] = MappingProxyType({**_TABLE, **_UNSPECIFIC})
"""Facts by label, in lower-case words; of more labels than `CLASSES`."""

CLASSES: tuple[str, ...] = tuple(_TABLE)
"""What a finding can be told apart as. Its order seeds the tokenizer's texts and the training wording: never change it."""


def noun_phrase(label: str) -> str:
    """The label with its article where one is known: "a polyp", "pneumonia"; any other label as it is written."""
    known = KNOWLEDGE.get(label)
    return known.noun if known else label
