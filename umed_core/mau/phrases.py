"""The phrases from which `wording` writes a conversation: questions, sentence patterns and follow-ups, all plain data.

Fields in braces: {noun} "a polyp", {label} "polyp", {place} "upper left part", {box} the written box,
{image} "CT image", {w} and {h} "about 12%".
"""

from __future__ import annotations

from dataclasses import dataclass

from umed_core.prompts import DEFAULT_QUESTION

__all__ = [
    "ANSWERS",
    "DIRECTED_QUESTIONS",
    "NORMAL_ANSWERS",
    "NORMAL_TOPICS",
    "QUESTIONS",
    "SIZE",
    "SIZE_ANSWERS",
    "TOPICS",
    "WHERE",
    "WHERE_ANSWERS",
    "NormalTopic",
    "Topic",
]

QUESTIONS = (
    DEFAULT_QUESTION,
    "What details can you gather about the anomaly's location in the medical image and its potential implications?",
    "Can you identify the abnormality in this medical image and describe where it lies?",
    "What abnormal finding does this medical image show, and what does it suggest?",
    "Could you point out the abnormal region in this image and explain what it may be?",
    "What does the abnormal area in this image indicate, and where is it located?",
    "Please analyse this medical image and report any abnormality with its location.",
    "Based on this image, what is the likely diagnosis, and which region supports it?",
    "Where is the anomaly in this image, and what is it likely to be?",
    "What can be inferred from the abnormal region of this medical image?",
    "Describe the finding and mark it with a box.",
    "Is there anything wrong in this scan?",
    "Is there anything abnormal in this image?",
    "Locate the abnormality.",
    "Find the abnormality and name it.",
    "Mark the abnormality with a box and name it.",
    "Detect any abnormality in this image.",
    "Point out anything abnormal.",
    "Describe this image.",
    "Describe what you see.",
    "What do you see?",
    "What is wrong here?",
    "What is wrong in this image?",
    "What is the abnormality?",
    "What is the diagnosis?",
    "What is your impression of this image?",
    "What is shown in this image?",
    "What disease does this image show?",
    "Which abnormality is visible, and where?",
    "Where is the abnormality?",
    "Where is the lesion?",
    "Where should I look in this image?",
    "Do you see any abnormality? If so, where?",
    "Do you see a lesion in this image?",
    "Is this image normal?",
    "Is this a normal scan?",
    "Does this image look healthy?",
    "Are there any abnormal findings?",
    "Are there any suspicious areas in this image?",
    "Show me the suspicious area.",
    "Give the location and the class of the finding.",
    "Give me the box of the abnormality.",
    "Report the findings of this image.",
    "Please report on this scan.",
    "Please examine this image and tell me what is abnormal.",
    "Can you find anything unusual in this picture?",
    "What stands out in this image, and where?",
    "Tell me what is abnormal here and draw a box around it.",
)
"""Ways to ask what is abnormal and where, without naming a class."""

DIRECTED_QUESTIONS = (
    "Is there {noun} here? Where?",
    "Is there {noun} in this image?",
    "Do you see {noun}?",
    "Does this image show {noun}?",
    "Can you see {noun} in this scan, and where?",
    "Could this be {noun}?",
    "Check this image for {noun}.",
    "Any sign of {noun}?",
    "Is {noun} visible? Mark it with a box.",
    "I suspect {noun}. Is it there?",
)

ANSWERS = (
    "There is an abnormality in the {place} of the image at {box}: {noun}.",
    "An abnormality is seen in the {place} of the image, at {box}. It looks like {noun}.",
    "This {image} shows an abnormal area in the {place} of the image at {box}, most likely {noun}.",
    "The abnormality lies in the {place} of the image at {box} and is consistent with {noun}.",
    "An abnormal region in the {place} of the image, {box}, suggests {noun}.",
    "In the {place} of the image there is an abnormal finding at {box}, which suggests {noun}.",
    "I see an abnormal area in the {place} of the image at {box}. This is likely {noun}.",
    "The finding is in the {place} of the image, at {box}. Its appearance fits {noun}.",
    "A suspicious area is visible in the {place} of the image at {box}; it is probably {noun}.",
    "The {place} of the image is abnormal at {box}. The finding is consistent with {noun}.",
    "This {image} is abnormal in the {place} of the image at {box}: {noun}.",
)
"""First answers in the paper's order: detection, box, class (Fig. 2); the coarse place comes before the box."""

NORMAL_ANSWERS = (
    "No abnormality is seen in this {image}.",
    "I see no abnormality in this {image}.",
    "This {image} shows no abnormality.",
    "There is no visible abnormality in this {image}.",
    "No abnormal area is found in this {image}.",
    "No abnormality can be marked in this {image}.",
    "Nothing abnormal is seen in this {image}.",
)


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of follow-up: questions that name the class, and questions that say "it".

    `fact` is the field of ClassKnowledge that answers it; "" where the box answers it.
    """

    fact: str
    named: tuple[str, ...]
    pronoun: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NormalTopic:
    """A kind of follow-up about an image without a finding."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


_DEFINITION = Topic(
    "definition",
    (
        "What is {noun}?",
        "What does {label} mean?",
        "Can you explain what {noun} is?",
        "Tell me what {noun} is.",
        "What do you mean by {label}?",
    ),
    (
        "What is it?",
        "What is that?",
        "What does it mean?",
        "Can you explain it?",
        "Explain it in simple words.",
    ),
)

_SYMPTOMS = Topic(
    "symptoms",
    (
        "What are the symptoms of {noun}?",
        "Which symptoms does {noun} cause?",
        "How does {noun} make itself felt?",
        "What complaints come with {noun}?",
        "What would a person with {noun} notice?",
    ),
    (
        "What are its symptoms?",
        "Which symptoms does it cause?",
        "Does it hurt?",
        "What would the patient feel?",
        "What complaints does it cause?",
    ),
)

_DIAGNOSIS = Topic(
    "diagnosis",
    (
        "How is {noun} diagnosed?",
        "How can {noun} be confirmed?",
        "Which tests confirm {noun}?",
        "How do doctors make sure that it is {noun}?",
        "What examination shows {noun} best?",
    ),
    (
        "How is it diagnosed?",
        "How can it be confirmed?",
        "Which tests confirm it?",
        "How can we be sure?",
        "What further tests are needed?",
    ),
)

_NEXT_STEPS = Topic(
    "next_steps",
    (
        "How is {noun} treated?",
        "What is the treatment of {noun}?",
        "What comes next with {noun}?",
        "What should be done about {noun}?",
        "What follow-up does {noun} need?",
    ),
    (
        "How is it treated?",
        "What should be done next?",
        "What comes next?",
        "Does it need treatment?",
        "What is the treatment?",
        "What follow-up is needed?",
    ),
)

_DANGER = Topic(
    "danger",
    (
        "Is {noun} dangerous?",
        "Is {noun} contagious?",
        "How serious is {noun}?",
        "Can {noun} be passed on to others?",
        "Should one worry about {noun}?",
    ),
    (
        "Is it dangerous?",
        "Is it contagious?",
        "How serious is it?",
        "Can it be passed on to others?",
        "Should I worry about it?",
    ),
)

WHERE = Topic(
    "",
    (
        "Where exactly is the {label}?",
        "Where is the {label} in the image?",
        "Show me the {label} again.",
        "Give me the box of the {label}.",
        "In which part of the image is the {label}?",
    ),
    (
        "Where exactly is it?",
        "Where is it?",
        "Show it to me again.",
        "Give me its box.",
        "In which part of the image is it?",
    ),
)

SIZE = Topic(
    "",
    (
        "How large is the {label}?",
        "How big is the {label}?",
        "What is the size of the {label}?",
        "How much of the image does the {label} cover?",
        "How wide and high is the {label}?",
    ),
    (
        "How large is it?",
        "How big is it?",
        "What is its size?",
        "How much of the image does it cover?",
        "How wide and high is it?",
    ),
)

TOPICS = (_DEFINITION, _SYMPTOMS, _DIAGNOSIS, _NEXT_STEPS, _DANGER, WHERE, SIZE)

WHERE_ANSWERS = (
    "It lies in the {place} of the image at {box}: {noun}.",
    "It is in the {place} of the image, at {box}, and looks like {noun}.",
    "Look at the {place} of the image: the box {box} holds {noun}.",
)
SIZE_ANSWERS = (
    "The box of the {label} takes up {w} of the image's width and {h} of its height.",
    "The box around the {label} covers {w} of the width and {h} of the height of the image.",
)

NORMAL_TOPICS = (
    NormalTopic(
        (
            "So is everything fine?",
            "Is everything fine?",
            "So nothing is wrong?",
            "Does that mean the patient is healthy?",
            "Is the patient healthy?",
            "So it is normal?",
            "Can I stop worrying?",
            "Is it all right then?",
            "So there is no disease?",
            "Everything is normal, right?",
        ),
        (
            "No abnormality is seen, but this is for research use; a clinician must read the image.",
            "No abnormality is seen. This is a research tool, so a clinician must read the image.",
        ),
    ),
    NormalTopic(
        (
            "Are you sure?",
            "How sure are you?",
            "Can you be certain?",
            "Could you have missed something?",
            "Did you look everywhere?",
            "Look again.",
            "Please check again.",
            "Is there really nothing?",
            "Could there be something small?",
            "Can I rely on this?",
        ),
        (
            "No abnormality is seen, but a model can miss findings; a clinician must read the image.",
            "I still see no abnormality. I can be wrong: for research use only, a clinician must decide.",
        ),
    ),
    NormalTopic(
        (
            "What should be done next?",
            "What comes next?",
            "Does it need treatment?",
            "Are further tests needed?",
            "Is a follow-up needed?",
            "What should the patient do?",
            "What now?",
            "Should I see a doctor?",
            "Is another scan needed?",
            "What do you advise?",
        ),
        (
            "No abnormality is seen; whether more is needed depends on symptoms and is for a clinician to decide.",
            "I see no abnormality here. A clinician must read the image and decide, since this is research use only.",
        ),
    ),
)
