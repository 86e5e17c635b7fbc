"""The text that a person reads before agreeing to send anything."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.builders import finding
from umed_core.geometry import NormalizedBox
from umed_core.mau.privacy.clean_image import CleanImage
from umed_core.mau.privacy.preview import preview_payload
from umed_core.mau.teacher import TeacherRequest
from umed_core.records import Turn


def request() -> TeacherRequest:
    turns = (Turn("user", "Explain this polyp at [bbox_start] 0.25, 0.25, 0.50, 0.25 [bbox_end]."),)
    where = Path("images/kvasir/000001.png")
    return TeacherRequest("ab12", "kvasir/000001", "diagnosis", 0, turns, where, (finding(),), "endoscopy")


def test_the_preview_shows_every_message_word_for_word_and_what_goes_with_it():
    image = CleanImage(b"12345", ".png", 64, 32, ("EXIF", "PatientName"), (NormalizedBox(0.5, 0.25, 0.125, 0.1),))
    shown = preview_payload(request(), image)
    assert request().messages[0].text in shown
    assert "PNG, 64 x 32 px, 5 bytes" in shown
    assert hashlib.sha256(b"12345").hexdigest() in shown
    assert "EXIF, PatientName" in shown
    assert "0.125 x 0.100 at 0.500, 0.250" in shown
    assert "research use only" in shown


def test_a_bare_file_says_that_nothing_had_to_go():
    shown = preview_payload(request(), CleanImage(b"1", ".jpg", 1, 1))
    assert "Removed    nothing" in shown and "Painted    nothing" in shown and "JPEG" in shown


def test_a_long_header_is_counted_rather_than_listed():
    image = CleanImage(b"1", ".png", 1, 1, tuple(f"Keyword{n}" for n in range(50)))
    shown = preview_payload(request(), image)
    assert "Keyword39 and 10 more" in shown and "Keyword40" not in shown
