"""The words by which the embedded judge reads: cues of negation and doubt, places, spellings, and words that mean the same.

All plain data. Patterns are for lower-case text. Cues after Chapman et al., "A simple algorithm for identifying negated
findings and diseases in discharge summaries", J. Biomed. Inform. 34 (2001) 301-310 (NegEx); the lists are our own.
"""

from __future__ import annotations

__all__ = [
    "ABNORMAL",
    "CLASS_PATTERNS",
    "DENIED_AFTER",
    "DENIED_BEFORE",
    "DENIED_NOUN",
    "DETECTED",
    "FINITE_VERB",
    "FUNCTION_WORDS",
    "GENERIC_WORDS",
    "KINDS_OF_IMAGE",
    "NEAR_CLASSES",
    "NORMAL",
    "NOT_DENIED",
    "ONLY_MENTIONED",
    "PLACES",
    "SAME_PHRASE",
    "SAME_WORD",
    "SCOPE_END",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# ------------------------------------------------------------------------------------------------ what is said of it

DENIED_BEFORE = (
    r"not|cannot|never|neither|nor|none|nothing|\w+n't|rather than|instead of|unlike|unable to|fail(?:s|ed)? to|"
    r"exclud(?:es?|ing)|rul(?:es|ing) out"
)
"""Denies what follows it, to the end of its clause."""

DENIED_NOUN = (
    r"no(?: longer| signs? of| evidence of| trace of| indication of)?|without|absence of|negative for|free (?:of|from)|lacks?|"
    r"lacking|devoid of"
)
"""Denies the nouns that follow it, to the next verb: "a hernia without symptoms is often left alone"."""

FINITE_VERB = r"(?:is|are|was|were|has|have|may|can|must|should|needs?|often|usually)"

DENIED_AFTER = (
    r"(?:is|are|was|were|can be|has been|have been) (?:absent|unlikely|excluded|ruled out)|"
    r"(?:is|are|was|were|can|could|do|does) ?(?:not|n't)(?: be)? (?:seen|present|found|identified|visible|detected|"
    r"shown|noted|observed|evident|there|here|appear)|cannot be (?:seen|found|identified|detected)"
)
"""Denies what stands before it in the same clause."""

NOT_DENIED = (
    r"(?:can ?not|can't|must|should|to|needs? to) be (?:excluded|ruled out)|to (?:exclude|rule out)|not only|"
    r"no doubt|without doubt|not (?:just|merely)"
)
"""Looks like a denial and is none: "cancer must be ruled out" leaves it open."""

ONLY_MENTIONED = (
    r"rule out|ruled out|exclude|such as|including|(?:leads?|leading|progress\w*|turn\w*) (?:in)?to|risk of|"
    r"(?:caused?|causes) (?:of|by)|associated with|due to|underlying|differential|complicat\w+|"
    r"(?:can|may|could|might) be indicative of|(?:may|can) indicate|conditions? like|pathologies like|mimic\w*|"
    r"ranging from|ranges from|if|whether|history of|depends? on|could miss|can miss|miss|development of|"
    r"develop into|become"
)
"""What follows is neither asserted nor denied."""

SCOPE_END = (
    r"\b(?:but|however|although|though|yet|whereas|while|except|which|because|since|so that|so)\b|\.(?!\d)|"
    r"[;:!?()\n]|,? and (?:is|are|it|can|may|has|they|neither|nothing)\b"
)
"""Ends the reach of a cue, and a clause. A comma alone does not: "no cough, fever or pain"."""

NORMAL = (
    r"normal|unremarkable|healthy|intact|within normal limits|regular|(?:is|are|look|looks|appear|appears) clear|"
    r"(?:is|are) (?:all )?(?:fine|well)|usual appearance|ordinary"
)
ABNORMAL = (
    r"abnormal\w*|anomal\w+|lesions?|findings?|suspicious|unusual|wrong|patholog\w+|disease\w*|irregular\w*|opacit\w+|"
    r"growths?|shadows?"
)
DETECTED = (
    r"there is|there are|there's|shows?|seen|visible|reveals?|identified|lies|located|sits|suggests?|"
    r"is abnormal|present|observed|detected|noted|found|marked|stands out|looks? like|depicts?|contains?|"
    r"highlight\w*"
)
"""What makes a sentence with an abnormal word say that something abnormal is there."""

# ------------------------------------------------------------------------------------------------------------ where

PLACES: dict[str, str] = {
    "left": r"left(?! (?:alone|in place|untreated|unattended|over))(?:ward|most)?",
    "right": r"right(?! (?:away|now|after|angle))(?:ward|most)?",
    "upper": r"upper|top(?!-left corner)|superior|apical|apex|uppermost",
    "lower": r"lower(?! (?:the|oxygen|risk|blood))|bottom|inferior|basal|bases?|lowermost",
    "central": r"central(?:ly)?|cent(?:re|er)(?:ed|d)?|middle|midline|halfway",
}

# ------------------------------------------------------------------------------------------------------------- what

_ORGANS = {
    "bone lesion": r"bones?|bony|osseous|skeleton|skeletal|vertebral?",
    "abdomen lesion": r"abdomen|abdominal",
    "mediastinum lesion": r"mediastinum|mediastinal",
    "liver lesion": r"liver|hepatic",
    "lung lesion": r"lungs?|pulmonary",
    "kidney lesion": r"kidneys?|renal",
    "soft tissue lesion": r"soft[ -]tissues?|muscles?",
    "pelvis lesion": r"pelvis|pelvic",
}

CLASS_PATTERNS: dict[str, str] = {
    **{
        label: rf"lesions?(?: \w+){{0,4}} (?:in|of|within|involving|inside) (?:the |a )?(?:\w+ )?(?:{organ})"
        rf"|(?:{organ})(?: \w+){{1,2}} lesions?"
        for label, organ in _ORGANS.items()
    },
    "kidney stone": r"(?:stones?|calcul(?:us|i)|uro?lithiasis|urolithiasis)",
    "cardiomegaly": r"enlarged (?:cardiac|heart)(?: silhouette| shadow)?|(?:heart|cardiac silhouette|cardiac shadow) "
    r"(?:\w+ ){0,3}enlarged|enlarged cardiac",
    "pulmonary tuberculosis": r"tubercul\w+",
    "pleural effusion": r"fluid in the pleural (?:space|cavity)|pleural collection",
    "polyp": r"polyp(?:oid|ous)",
    "atelectasis": r"atelecta\w+",
    "pleural thickening": r"pleura (?:is|looks|appears) thick\w*",
    "fracture": r"broken bones?|broken ribs?",
    "pneumothorax": r"collapsed lung",
    "fibrosis": r"fibros\w+",
}
"""Further spellings that free text uses, beside prompts.CLASS_SYNONYMS."""

NEAR_CLASSES: tuple[frozenset[str], ...] = (
    frozenset({"lung lesion", "mass", "nodule"}),
    frozenset({"abdomen lesion", "mass"}),
    frozenset({"kidney lesion", "mass"}),
    frozenset({"liver lesion", "mass"}),
    frozenset({"pneumonia", "consolidation", "infiltration"}),
    frozenset({"infiltration", "ground glass opacity"}),
)
"""Classes that readers use for one another: naming a neighbour earns half, and is no contradiction."""

# ------------------------------------------------------------------------------------- words that mean the same

SAME_PHRASE: tuple[tuple[str, str], ...] = (
    (r"short(?:ness)? of breath|difficulty breathing|trouble breathing|out of breath", "breathlessness"),
    (r"infectious to others|pass(?:ed|es)?(?: \w+)? on\b(?: to others)?|caught from", "contagious"),
    (r"spreads? (?:from one person|between people)", "contagious"),
    (r"(?:high|raised|elevated) temperature", "fever"),
    (r"blood in (?:the |their )?urine|bloody urine", "blood urine"),
    (r"blood in (?:the |their )?sputum|bloody sputum|coughing (?:up )?blood", "blood sputum"),
    (r"rectal bleeding|blood in (?:the |their )?stools?", "blood stool"),
    (r"feel(?:s|ing)? sick", "nausea"),
    (r"throw(?:s|ing)? up", "vomiting"),
    (r"life[- ]threatening|threatens? life", "fatal"),
    (r"tissue sampl\w+|patholog(?:ist|y report)\w*", "biopsy"),
    (r"magnetic resonance\w*|mr imaging", "mri"),
    (r"computed tomograph\w+", "ct"),
    (r"x[- ]rays?|chest films?", "xray"),
    (r"(?:chest )?(?:drain\w*|tubes?)|drawn off", "drain"),
    (r"follow(?:ed)?[- ]?up\w*", "follow"),
    (r"medical professionals?", "clinician"),
    (r"no symptoms|without symptoms|notice nothing", "symptomless"),
    (r"at once", "emergency"),
    (r"kept still", "cast"),
)  # fmt: skip
"""Phrases, and the word or words they are read as; earlier ones win."""

SAME_WORD: tuple[tuple[str, str], ...] = (
    (r"breathless\w*|dyspn\w+", "breathlessness"),
    (r"contagious|transmi\w+|catch(?:es|ing)?", "contagious"),
    (r"febrile|pyrexia|fevers?", "fever"),
    (r"h(?:a)?ematuria", "blood urine"),
    (r"h(?:a)?emoptysis", "blood sputum"),
    (r"nausea|nauseous", "nausea"),
    (r"vomit\w*", "vomiting"),
    (r"fatal|deadly|lethal", "fatal"),
    (r"harmless|benign|innocent", "benign"),
    (r"cancer(?:s|ous)?|malignan\w+|carcinomas?", "cancer"),
    (r"tumou?rs?", "tumour"),
    (r"therap\w+|treat\w*|medication|medicines?|drugs?", "treatment"),
    (r"surg\w+|operat\w+", "surgery"),
    (r"biops\w+|sampl(?:e|ed|ing)|histolog\w+|microscop\w+", "biopsy"),
    (r"ultraso\w+|sonogra\w+", "ultrasound"),
    (r"echocardiogra\w+", "echocardiography"),
    (r"ecg|ekg|electrocardiogra\w+", "ecg"),
    (r"mri", "mri"),
    (r"ct", "ct"),
    (r"radiogra\w+|films?", "xray"),
    (r"confirm\w*|verif\w+|settles?|prov(?:e|es|ed|ing)|establish\w*|diagnos\w+", "confirm"),
    (r"antibiotics?", "antibiotics"),
    (r"aspirat\w+", "drain"),
    (r"watch(?:ed|ful)?|observ(?:ed?|ation)|monitor\w*|followed", "follow"),
    (r"enlarged?|wide[nr]?\w*|bigger|dilated", "enlarged"),
    (r"thora(?:x|cic)|chest", "chest"),
    (r"heart|cardiac", "heart"),
    (r"lungs?|pulmonary", "lung"),
    (r"kidneys?|renal", "kidney"),
    (r"liver|hepatic", "liver"),
    (r"bowel|colon\w*|intestin\w+|gastrointestinal", "bowel"),
    (r"colonoscop\w+|endoscop\w+", "colonoscopy"),
    (r"clinicians?|doctors?|physicians?|radiologists?|specialists?", "clinician"),
    (r"asymptomatic|silent", "symptomless"),
    (r"urgent\w*|emergenc\w+|immediate\w*|promptly", "emergency"),
    (r"small|tiny|minor|little", "small"),
    (r"large[r]?|big|great", "large"),
    (r"obstruct\w+|block\w+", "blocked"),
    (r"collaps\w+|shrinks?|shrunk\w*", "collapse"),
    (r"scar\w*", "scar"),
    (r"immobili[sz]\w+|casts?|plasters?|splints?", "cast"),
    (r"breaks?|broken", "break"),
    (r"ache\w*|painful|pains?|hurts?|sore", "pain"),
    (r"years?", "year"),
)  # fmt: skip
"""Single words, and the one they are read as."""

GENERIC_WORDS = _words(
    """
    image images picture scan slice view radiograph film abnormality abnormalities abnormal anomaly anomalous area
    region part finding findings lesion lesions seen visible shows show located lies lie location coordinates bounding
    box marked marks found suspicious likely probably consistent appearance looks look suggests suggest fits detected
    identified observed present medical case type class specific following given based information provided reviewing
    upon appears appear noted also further one ones left right upper lower middle central centre center top bottom side
    yes usual usually typically typical often sometimes several various potential possible condition conditions patient
    patients people person
    """
)
"""Words of any report, which say nothing about this one."""

KINDS_OF_IMAGE = frozenset({"ct", "xray", "mri", "ultrasound", "colonoscopy"})

FUNCTION_WORDS = _words(
    """
    a an the this that these those it its i you he she they we his her their our there here is are was were be been
    being am has have had having do does did done can could may might must shall should will would of in on at to from
    by with within without into onto over under between through for as about than then and or but nor so yet if because
    while although though however which who whom whose what where when how why not no never very more most less least
    some any each every all both either neither such only just too up down out off again also other another own same me
    him them us my your isn't don't doesn't can't cannot nothing none unlikely there's it's i'm i'd he's that's what's
    """
)
