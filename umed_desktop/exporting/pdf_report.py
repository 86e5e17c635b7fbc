"""A reading as a PDF to print or file: the image with its boxes, the answers, where they come from, and on every page the
line that says what it may be used for."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QEventLoop, QIODevice, QMarginsF, QRectF, QSizeF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
)

import umed_core
from umed_desktop.exporting.gathering import Draft, image_names
from umed_desktop.session.answer_text import pieces_of
from umed_desktop.session.conversation import Exchange
from umed_desktop.translation import research_use_only
from umed_desktop.words import QT_TRANSLATE_NOOP, translate

if TYPE_CHECKING:
    from umed_core.exporting.reading import ReadFinding, Reading

__all__ = ["pdf_report", "report_html"]

_DPI = 150
_MARGIN_MM = 15.0
_FOOT_LINES = 2.2
_MOST_HEIGHT = 0.5
"""Of a page: the image leaves room for words beside it."""
_STATUS = {
    "open": QT_TRANSLATE_NOOP("PdfReport", "proposed by the model, not reviewed"),
    "accepted": QT_TRANSLATE_NOOP("PdfReport", "accepted by a person"),
    "edited": QT_TRANSLATE_NOOP("PdfReport", "changed by a person"),
    "added": QT_TRANSLATE_NOOP("PdfReport", "added by hand"),
}


def pdf_report(reading: Reading, draft: Draft) -> bytes:
    """The report as a file. Safe off the window's thread. Raises: DataError for a box that does not lie on the image."""
    timers = QEventLoop()  # the layout of a long text sets one, which a thread without event dispatcher cannot
    picture = _picture(reading)
    store = QBuffer()
    store.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(store)
    writer.setResolution(_DPI)
    writer.setTitle(f"umed: {reading.image.name}")
    writer.setCreator(f"umed {umed_core.__version__}. {research_use_only()}")
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter
        )
    )
    painter = QPainter(writer)
    painter.setFont(QFont("sans-serif", 8))
    foot = painter.fontMetrics().height() * _FOOT_LINES
    area = QSizeF(writer.width(), writer.height() - foot)
    document = QTextDocument()
    document.documentLayout().setPaintDevice(writer)
    document.setDefaultFont(QFont("sans-serif", 9))
    document.setDocumentMargin(0)
    document.setPageSize(area)
    document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl("picture"), picture)
    document.setHtml(report_html(reading, draft, _shown_size(picture, area, writer.logicalDpiX() / 96)))
    pages = document.pageCount()
    ink = QAbstractTextDocumentLayout.PaintContext()
    ink.palette = QPalette(Qt.GlobalColor.white)  # paper, whatever the window's theme
    ink.palette.setColor(QPalette.ColorRole.Text, QColor("black"))
    for number in range(pages):
        if number:
            writer.newPage()
        painter.save()
        painter.translate(0, -number * area.height())
        ink.clip = QRectF(0, number * area.height(), area.width(), area.height())
        painter.setClipRect(ink.clip)
        document.documentLayout().draw(painter, ink)
        painter.restore()
        _draw_foot(painter, QRectF(0, area.height(), area.width(), foot), reading, number + 1, pages)
    painter.end()
    store.close()
    del document, timers  # in this order, here and not on another thread
    return bytes(store.data().data())


def report_html(reading: Reading, draft: Draft, size: tuple[int, int]) -> str:
    """What the pages say; `size` is the picture's width and height in CSS pixels."""
    frame = (
        translate("PdfReport", ", slice {frame} of {frame_count}").format(
            frame=draft.frame + 1, frame_count=draft.image.frame_count
        )
        if draft.image.frame_count > 1
        else ""
    )
    rejected = translate("PdfReport", "Rejected and left out: {count}.").format(count=reading.rejected_count)
    reader = translate("PdfReport", "Read by {reader}.").format(reader=escape(reading.reader))
    weights = translate("PdfReport", "weights")
    return "".join(
        (
            f"<h2>{escape(reading.image.name)}{frame}</h2><p><b>{research_use_only()}</b></p>",
            f"<p><img src='picture' width='{size[0]}' height='{size[1]}'></p>",
            _in("h3", translate("PdfReport", "Findings")),
            _findings_html(reading.reported, reading),
            _in("p", rejected) if reading.rejected_count else "",
            _in("p", reader) if reading.reader else "",
            _in("h3", translate("PdfReport", "Answers")) if draft.answers else "",
            *(_answer_html(exchange) for exchange in draft.answers),
            _in("h3", translate("PdfReport", "Models")) if reading.models else "",
            *(f"<p>{escape(m.model)}, {weights} sha256 {_breakable(m.model_sha256)}</p>" for m in reading.models),
        )
    )


def _in(tag: str, words: str) -> str:
    return f"<{tag}>{words}</{tag}>"


def _findings_html(findings: Sequence[ReadFinding], reading: Reading) -> str:
    if not findings:
        return _in("p", translate("PdfReport", "None."))
    rows = []
    for number, finding in enumerate(findings, 1):
        box = reading.pixel_box(finding)
        source = finding.provenance.model if finding.provenance is not None else translate("PdfReport", "by hand")
        edits = "".join(f"<br>{escape(edit)}" for edit in finding.edits)
        place = f"{box.x0:.0f}, {box.y0:.0f} – {box.x1:.0f}, {box.y1:.0f} px"
        cells = (
            str(number),
            escape(finding.name),
            place,
            translate("PdfReport", _STATUS[finding.status]) + edits,
            escape(source),
        )
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    columns = (
        translate("PdfReport", "Class"), translate("PdfReport", "Box"), translate("PdfReport", "Status"),
        translate("PdfReport", "Source"),
    )  # fmt: skip
    head = "<tr><th></th>" + "".join(f"<th align='left'>{column}</th>" for column in columns) + "</tr>"
    return f"<table cellpadding='4' cellspacing='0' width='100%'>{head}{''.join(rows)}</table>"


def _answer_html(exchange: Exchange) -> str:
    """The question, and the answer with each box by its number instead of its digits."""
    said = "".join(piece.shown for piece in pieces_of(exchange.text, exchange.boxes))
    state = " " + translate("PdfReport", "(stopped)") if exchange.state == "stopped" else ""
    asked = f"{exchange.asked_at[:16].replace('T', ' ')} UTC, {escape(exchange.model or 'model')}{state}"
    names = "; ".join(f"{number}: {escape(name)}" for number, name in enumerate(image_names(exchange), 1))
    told = translate("PdfReport", "Asked about the images {names}").format(names=names)
    images = f"<br><i>{told}</i>" if names else ""
    return f"<p><b>{escape(exchange.question)}</b> <i>{asked}</i>{images}<br>{escape(said)}</p>"


def _breakable(digest: str) -> str:
    """A hash with places to break the line at."""
    return " ".join(digest[i : i + 16] for i in range(0, len(digest), 16))


def _picture(reading: Reading) -> QImage:
    from umed_core.drawing.pictures import draw_boxes
    from umed_core.vlm.messages import LabelledBox

    boxes = [
        LabelledBox(f"{number}  {f.name}", reading.pixel_box(f).normalized(reading.width, reading.height), 0, 0)
        for number, f in enumerate(reading.reported, 1)
    ]
    drawn = draw_boxes(reading.pixels, boxes)
    height, width = drawn.shape[:2]
    return QImage(drawn.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def _shown_size(picture: QImage, area: QSizeF, scale: float) -> tuple[int, int]:
    """As large as the page allows, in CSS pixels, of which one is `scale` dots."""
    fit = min(area.width() / picture.width(), _MOST_HEIGHT * area.height() / picture.height())
    return int(picture.width() * fit / scale), int(picture.height() * fit / scale)


def _draw_foot(painter: QPainter, place: QRectF, reading: Reading, page: int, pages: int) -> None:
    painter.setFont(QFont("sans-serif", 8))
    written = reading.written.strftime("%Y-%m-%d %H:%M")
    painter.drawLine(place.topLeft(), place.topRight())
    bottom = Qt.AlignmentFlag.AlignBottom
    painter.drawText(place, int(bottom | Qt.AlignmentFlag.AlignLeft), research_use_only())
    painter.drawText(
        place,
        int(bottom | Qt.AlignmentFlag.AlignRight),
        translate("PdfReport", "umed {version}, {written}, page {page} of {pages}").format(
            version=umed_core.__version__, written=written, page=page, pages=pages
        ),
    )
