"""Settings of the archives: a list of them, and a form for one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from umed_core.errors import UmedError
from umed_core.pacs.nodes import DicomNode, Node, NodeBook, Tls, WebNode
from umed_desktop.pages.form import FIELD_PX, button
from umed_desktop.theme import GRID_PX, inset, styled

__all__ = ["NodesDialog"]

_DICOM, _WEB = 0, 1
_NO_AUTH, _BASIC, _TOKEN = 0, 1, 2


class NodesDialog(QDialog):
    """Emits what the person wants; `show_book` and `show_word` tell what became of it."""

    saved = Signal(object)
    """(Node)"""
    removed = Signal(str)
    tested = Signal(object)
    """(Node), as it is written in the form"""
    secret_given = Signal(object, str)
    """(WebNode, password or token): for the system's keyring, and for nothing else"""

    def __init__(self, book: NodeBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Archives"))
        self.resize(820, 620)
        self._book = book
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Archives that are written down"))
        self.list.setFixedWidth(200)
        self.list.currentTextChanged.connect(self._choose)
        self.new = button(self.tr("New archive"))
        self.new.clicked.connect(self._begin_new)
        self.remove = button(self.tr("Remove"))
        self.remove.clicked.connect(lambda: self.removed.emit(self.list.currentItem().text()))
        left = QVBoxLayout()
        left.addWidget(self.list, 1)
        left.addWidget(self.new)
        left.addWidget(self.remove)
        self._make_fields()
        self.word = QLabel(self.tr("Nothing connects until you press Test, or import or send something."))
        self.word.setWordWrap(True)
        self.word.setTextFormat(Qt.TextFormat.PlainText)
        right = QVBoxLayout()
        right.addLayout(self._form())
        right.addStretch(1)
        right.addWidget(styled(self.word, "muted"))
        right.addLayout(self._deeds())
        both = QHBoxLayout()
        both.setSpacing(2 * GRID_PX)
        both.addLayout(left)
        both.addLayout(right, 1)
        self.setLayout(both)
        both.setContentsMargins(2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX, 2 * GRID_PX)
        self.show_book(book, book.nodes[0].name if book.nodes else "")

    # ---------------------------------------------------------------------------------------------------- told to it
    def show_book(self, book: NodeBook, chosen: str = "") -> None:
        self._book = book
        self.list.blockSignals(True)
        self.list.clear()
        self.list.addItems([node.name for node in book.nodes])
        found = self.list.findItems(chosen, Qt.MatchFlag.MatchExactly)
        if found:
            self.list.setCurrentItem(found[0])
        self.list.blockSignals(False)
        if found:
            self._choose(chosen)
        else:
            self._begin_new()

    def show_word(self, word: str) -> None:
        self.word.setText(word)

    def node(self) -> Node:
        """What the form says; not checked."""
        tls = Tls(
            self.ca_file.text().strip(),
            self.certificate.text().strip(),
            self.key.text().strip(),
            self.check_host.isChecked(),
        )
        name = self.name.text().strip()
        if self.kind.currentIndex() == _WEB:
            auth = self.auth.currentIndex()
            user = self.user.text().strip() if auth == _BASIC else ""
            return WebNode(name, self.url.text().strip(), user, auth == _TOKEN, tls)
        return DicomNode(
            name,
            self.ae_title.text().strip(),
            self.host.text().strip(),
            self.port.value(),
            self.own_ae_title.text().strip(),
            tls if self.tls.isChecked() else None,
            self.move_host.text().strip(),
            self.move_port.value() if self.way.currentIndex() else 0,
        )

    # ---------------------------------------------------------------------------------------------------------- parts
    def _make_fields(self) -> None:
        self.name = _line(self.tr("Name"), self.tr("what you call it: letters, digits, - and _"))
        self.kind = _choice(self.tr("Speaks"), ("DICOM (C-FIND, C-GET, C-MOVE, C-STORE)", "DICOMweb (https)"))
        self.host = _line(self.tr("Host"), "pacs.example.org")
        self.port = _port(self.tr("Port"))
        self.ae_title = _line(self.tr("AE title"))
        self.own_ae_title = _line(self.tr("Our AE title"))
        self.way = _choice(
            self.tr("Studies come by"),
            (self.tr("C-GET: over our own connection"), self.tr("C-MOVE: the archive connects to us")),
        )
        self.move_host = _line(self.tr("Listen on"), self.tr("an address of this machine"))
        self.move_port = _port(self.tr("Listening port"))
        self.url = _line(self.tr("Address"), "https://pacs.example.org/dicom-web")
        self.auth = _choice(self.tr("Knows us by"), ("nothing", self.tr("user and password"), "token"))
        self.user = _line(self.tr("User"))
        self.secret = _line(self.tr("Password or token"), self.tr("kept in the system's keyring, never in a file"))
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        self.tls = QCheckBox(self.tr("Encrypt with TLS"))
        self.ca_file = _line(self.tr("CA file"), self.tr("PEM; empty: the system's authorities"))
        self.certificate = _line(self.tr("Our certificate"), self.tr("PEM; empty: none"))
        self.key = _line(self.tr("Its key"), self.tr("PEM, not encrypted"))
        self.check_host = QCheckBox(self.tr("The certificate must name this host"))
        for chosen in (self.kind.currentIndexChanged, self.way.currentIndexChanged, self.auth.currentIndexChanged):
            chosen.connect(self._refresh)
        self.tls.toggled.connect(self._refresh)

    def _form(self) -> QFormLayout:
        self._layout = QFormLayout()
        self._layout.setHorizontalSpacing(2 * GRID_PX)
        self._layout.setVerticalSpacing(GRID_PX // 2)
        self._layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for field in (
            self.name, self.kind, self.host, self.port, self.ae_title, self.own_ae_title, self.way, self.move_host,
            self.move_port, self.url, self.auth, self.user, self.secret, self.tls, self.ca_file, self.certificate,
            self.key, self.check_host,
        ):  # fmt: skip
            self._layout.addRow("" if isinstance(field, QCheckBox) else field.accessibleName(), field)
        return self._layout

    def _deeds(self) -> QHBoxLayout:
        self.test = button(self.tr("Test"), self.tr("Ask the archive whether it is there"))
        self.test.clicked.connect(lambda: self.tested.emit(self.node()))
        self.save = button(self.tr("Save"), primary=True)
        self.save.clicked.connect(self._save)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.test)
        row.addWidget(self.save)
        close = button(self.tr("Close"))
        close.clicked.connect(self.reject)
        row.addWidget(close)
        return row

    # ---------------------------------------------------------------------------------------------------------- deeds
    def _begin_new(self) -> None:
        self.list.setCurrentRow(-1)
        self._fill(DicomNode("", "", "", 11112))
        self.name.setFocus()

    def _choose(self, name: str) -> None:
        if name:
            self._fill(self._book.find(name))

    def _fill(self, node: Node) -> None:
        self.name.setText(node.name)
        self.secret.clear()
        tls = node.tls or Tls()
        if isinstance(node, WebNode):
            self.kind.setCurrentIndex(_WEB)
            self.url.setText(node.url)
            self.auth.setCurrentIndex(_BASIC if node.user else _TOKEN if node.has_token else _NO_AUTH)
            self.user.setText(node.user)
        else:
            self.kind.setCurrentIndex(_DICOM)
            self.host.setText(node.host)
            self.port.setValue(node.port)
            self.ae_title.setText(node.ae_title)
            self.own_ae_title.setText(node.own_ae_title)
            self.way.setCurrentIndex(int(node.move_port > 0))
            self.move_host.setText(node.move_host)
            self.move_port.setValue(node.move_port or 11113)
            self.tls.setChecked(node.tls is not None)
        self.ca_file.setText(tls.ca_file)
        self.certificate.setText(tls.certificate)
        self.key.setText(tls.key)
        self.check_host.setChecked(tls.check_host_name)
        self._refresh()

    def _refresh(self) -> None:
        is_web = self.kind.currentIndex() == _WEB
        auth = self.auth.currentIndex()
        moves, encrypts = self.way.currentIndex() == 1, is_web or self.tls.isChecked()
        for field in (self.host, self.port, self.ae_title, self.own_ae_title, self.way, self.tls):
            self._layout.setRowVisible(field, not is_web)
        for field in (self.move_host, self.move_port):
            self._layout.setRowVisible(field, not is_web and moves)
        for field in (self.url, self.auth):
            self._layout.setRowVisible(field, is_web)
        self._layout.setRowVisible(self.user, is_web and auth == _BASIC)
        self._layout.setRowVisible(self.secret, is_web and auth != _NO_AUTH)
        for field in (self.ca_file, self.certificate, self.key):
            self._layout.setRowVisible(field, encrypts)
        self._layout.setRowVisible(self.check_host, encrypts and not is_web)
        self.remove.setEnabled(self.list.currentItem() is not None)

    def _save(self) -> None:
        node, secret = self.node(), self.secret.text().strip()
        if isinstance(node, WebNode) and not node.tls.check_host_name:
            self.check_host.setChecked(True)
            node = self.node()
        self.saved.emit(node)
        if isinstance(node, WebNode) and secret:
            self.secret_given.emit(node, secret)
        self.secret.clear()

    def show_error(self, problem: UmedError) -> None:
        self.show_word(f"{problem.message} {problem.hint}".strip())


def _line(name: str, placeholder: str = "") -> QLineEdit:
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setPlaceholderText(placeholder)
    return field


def _choice(name: str, options: tuple[str, ...]) -> QComboBox:
    field = QComboBox()
    field.setAccessibleName(name)
    field.addItems(options)
    return field


def _port(name: str) -> QSpinBox:
    field = inset(QSpinBox())
    field.setAccessibleName(name)
    field.setRange(1, 65535)
    field.setMinimumHeight(FIELD_PX)
    return field
