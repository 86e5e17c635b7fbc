<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About umed</source>
        <translation>Über umed</translation>
    </message>
    <message>
        <source>Model: {model}</source>
        <translation>Modell: {model}</translation>
    </message>
    <message>
        <source>Versions</source>
        <translation>Versionen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy the versions</source>
        <translation>Versionen kopieren</translation>
    </message>
    <message>
        <source>Licences</source>
        <translation>Lizenzen</translation>
    </message>
    <message>
        <source>Texts of licences</source>
        <translation>Lizenztexte</translation>
    </message>
    <message>
        <source>An open implementation of UMed-LVLM (ACL 2025). Apache-2.0.</source>
        <translation>Eine offene Umsetzung von UMed-LVLM (ACL 2025). Apache-2.0.</translation>
    </message>
    <message>
        <source>Licences of what is shipped</source>
        <translation>Lizenzen des Mitgelieferten</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Version</source>
        <translation>Version</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>not stated</source>
        <translation>nicht angegeben</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Open files…</source>
        <translation>Dateien ö&amp;ffnen…</translation>
    </message>
    <message>
        <source>Open images of any kind</source>
        <translation>Bilder jeder Art öffnen</translation>
    </message>
    <message>
        <source>Open &amp;folder…</source>
        <translation>&amp;Ordner öffnen…</translation>
    </message>
    <message>
        <source>Open a folder of images</source>
        <translation>Ordner mit Bildern öffnen</translation>
    </message>
    <message>
        <source>Study &amp;browser…</source>
        <translation>&amp;Untersuchungsliste…</translation>
    </message>
    <message>
        <source>All studies that are known</source>
        <translation>Alle bekannten Untersuchungen</translation>
    </message>
    <message>
        <source>&amp;Import from an archive (PACS)…</source>
        <translation>Aus Archiv (PACS) &amp;importieren…</translation>
    </message>
    <message>
        <source>Files &amp;not opened…</source>
        <translation>&amp;Nicht geöffnete Dateien…</translation>
    </message>
    <message>
        <source>Files not opened, with reasons</source>
        <translation>Nicht geöffnete Dateien mit Gründen</translation>
    </message>
    <message>
        <source>&amp;Export…</source>
        <translation>&amp;Exportieren…</translation>
    </message>
    <message>
        <source>Export findings and answers</source>
        <translation>Befunde und Antworten exportieren</translation>
    </message>
    <message>
        <source>Send to an archive (&amp;PACS)…</source>
        <translation>An Archiv (&amp;PACS) senden…</translation>
    </message>
    <message>
        <source>&amp;Cancel what runs</source>
        <translation>Laufendes &amp;abbrechen</translation>
    </message>
    <message>
        <source>Cancel reading</source>
        <translation>Einlesen abbrechen</translation>
    </message>
    <message>
        <source>&amp;Quit</source>
        <translation>&amp;Beenden</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <source>&amp;Undo</source>
        <translation>&amp;Rückgängig</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>&amp;Redo</source>
        <translation>&amp;Wiederholen</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Wiederholen</translation>
    </message>
    <message>
        <source>&amp;Accept box</source>
        <translation>Rahmen &amp;annehmen</translation>
    </message>
    <message>
        <source>Accept the selected box</source>
        <translation>Gewählten Rahmen annehmen</translation>
    </message>
    <message>
        <source>&amp;Draw a box</source>
        <translation>Rahmen &amp;zeichnen</translation>
    </message>
    <message>
        <source>Draw a finding</source>
        <translation>Befund einzeichnen</translation>
    </message>
    <message>
        <source>Change &amp;class</source>
        <translation>&amp;Klasse ändern</translation>
    </message>
    <message>
        <source>Class of the selected finding</source>
        <translation>Klasse des gewählten Befunds</translation>
    </message>
    <message>
        <source>De&amp;lete finding</source>
        <translation>Befund &amp;löschen</translation>
    </message>
    <message>
        <source>Delete the finding</source>
        <translation>Befund löschen</translation>
    </message>
    <message>
        <source>Re&amp;ject box</source>
        <translation>Rahmen a&amp;blehnen</translation>
    </message>
    <message>
        <source>Reject the selected box</source>
        <translation>Gewählten Rahmen ablehnen</translation>
    </message>
    <message>
        <source>Se&amp;ttings…</source>
        <translation>&amp;Einstellungen…</translation>
    </message>
    <message>
        <source>&amp;Image</source>
        <translation>B&amp;ild</translation>
    </message>
    <message>
        <source>&amp;Next slice</source>
        <translation>&amp;Nächste Schicht</translation>
    </message>
    <message>
        <source>&amp;Previous slice</source>
        <translation>&amp;Vorige Schicht</translation>
    </message>
    <message>
        <source>Next &amp;series</source>
        <translation>Nächste &amp;Serie</translation>
    </message>
    <message>
        <source>Previous s&amp;eries</source>
        <translation>Vor&amp;ige Serie</translation>
    </message>
    <message>
        <source>&amp;Fit to window</source>
        <translation>&amp;Einpassen</translation>
    </message>
    <message>
        <source>Fit to window</source>
        <translation>In das Bildfeld einpassen</translation>
    </message>
    <message>
        <source>&amp;Actual size</source>
        <translation>&amp;Originalgröße</translation>
    </message>
    <message>
        <source>One image pixel a screen pixel</source>
        <translation>Ein Bildpixel je Bildschirmpixel</translation>
    </message>
    <message>
        <source>Zoom &amp;in</source>
        <translation>Ver&amp;größern</translation>
    </message>
    <message>
        <source>Zoom &amp;out</source>
        <translation>Ver&amp;kleinern</translation>
    </message>
    <message>
        <source>&amp;Turn right</source>
        <translation>Nach &amp;rechts drehen</translation>
    </message>
    <message>
        <source>Turn by 90°</source>
        <translation>Um 90° drehen</translation>
    </message>
    <message>
        <source>&amp;Mirror</source>
        <translation>S&amp;piegeln</translation>
    </message>
    <message>
        <source>Mirror left and right</source>
        <translation>Links und rechts vertauschen</translation>
    </message>
    <message>
        <source>In&amp;vert</source>
        <translation>Inver&amp;tieren</translation>
    </message>
    <message>
        <source>Invert grey levels</source>
        <translation>Graustufen umkehren</translation>
    </message>
    <message>
        <source>&amp;Reset view</source>
        <translation>Darstellung &amp;zurücksetzen</translation>
    </message>
    <message>
        <source>Window, zoom and turn as opened</source>
        <translation>Fensterung, Zoom und Drehung wie beim Öffnen</translation>
    </message>
    <message>
        <source>&amp;Play or pause</source>
        <translation>&amp;Abspielen oder anhalten</translation>
    </message>
    <message>
        <source>The slices as a film</source>
        <translation>Die Schichten als Film</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>Schneller</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>Langsamer</translation>
    </message>
    <message>
        <source>Loop</source>
        <translation>Endlos</translation>
    </message>
    <message>
        <source>&amp;Layout</source>
        <translation>&amp;Anordnung</translation>
    </message>
    <message>
        <source>&amp;One viewport</source>
        <translation>&amp;Ein Bildfeld</translation>
    </message>
    <message>
        <source>One viewport</source>
        <translation>Ein Bildfeld</translation>
    </message>
    <message>
        <source>&amp;Two viewports</source>
        <translation>&amp;Zwei Bildfelder</translation>
    </message>
    <message>
        <source>Two side by side</source>
        <translation>Zwei nebeneinander</translation>
    </message>
    <message>
        <source>&amp;Four viewports</source>
        <translation>&amp;Vier Bildfelder</translation>
    </message>
    <message>
        <source>Two by two</source>
        <translation>Zwei mal zwei</translation>
    </message>
    <message>
        <source>&amp;Next viewport</source>
        <translation>&amp;Nächstes Bildfeld</translation>
    </message>
    <message>
        <source>Link &amp;slices</source>
        <translation>&amp;Schichten koppeln</translation>
    </message>
    <message>
        <source>Viewports turn slices together</source>
        <translation>Bildfelder blättern gemeinsam</translation>
    </message>
    <message>
        <source>Link &amp;window and level</source>
        <translation>&amp;Fensterung koppeln</translation>
    </message>
    <message>
        <source>&amp;Window</source>
        <translation>&amp;Fensterung</translation>
    </message>
    <message>
        <source>As the file &amp;says</source>
        <translation>Wie in der &amp;Datei</translation>
    </message>
    <message>
        <source>Soft tissue</source>
        <translation>Weichteil</translation>
    </message>
    <message>
        <source>Lung</source>
        <translation>Lunge</translation>
    </message>
    <message>
        <source>Bone</source>
        <translation>Knochen</translation>
    </message>
    <message>
        <source>Brain</source>
        <translation>Gehirn</translation>
    </message>
    <message>
        <source>Mediastinum</source>
        <translation>Mediastinum</translation>
    </message>
    <message>
        <source>Liver</source>
        <translation>Leber</translation>
    </message>
    <message>
        <source>Kidney</source>
        <translation>Niere</translation>
    </message>
    <message>
        <source>Angiography</source>
        <translation>Angiographie</translation>
    </message>
    <message>
        <source>&amp;Tools</source>
        <translation>&amp;Werkzeuge</translation>
    </message>
    <message>
        <source>&amp;Window and level</source>
        <translation>&amp;Fensterung</translation>
    </message>
    <message>
        <source>&amp;Length</source>
        <translation>&amp;Länge</translation>
    </message>
    <message>
        <source>Measure a length</source>
        <translation>Länge messen</translation>
    </message>
    <message>
        <source>An&amp;gle</source>
        <translation>&amp;Winkel</translation>
    </message>
    <message>
        <source>Measure an angle</source>
        <translation>Winkel messen</translation>
    </message>
    <message>
        <source>&amp;Ellipse</source>
        <translation>&amp;Ellipse</translation>
    </message>
    <message>
        <source>Values in an ellipse</source>
        <translation>Werte in einer Ellipse</translation>
    </message>
    <message>
        <source>&amp;Rectangle</source>
        <translation>&amp;Rechteck</translation>
    </message>
    <message>
        <source>Values in a rectangle</source>
        <translation>Werte in einem Rechteck</translation>
    </message>
    <message>
        <source>&amp;Probe</source>
        <translation>&amp;Pixelwert</translation>
    </message>
    <message>
        <source>The value of a pixel</source>
        <translation>Wert eines Pixels</translation>
    </message>
    <message>
        <source>&amp;Delete measurement</source>
        <translation>&amp;Messung löschen</translation>
    </message>
    <message>
        <source>Delete all on this &amp;slice</source>
        <translation>Alle auf dieser &amp;Schicht löschen</translation>
    </message>
    <message>
        <source>&amp;Model</source>
        <translation>&amp;Modell</translation>
    </message>
    <message>
        <source>Show &amp;boxes</source>
        <translation>&amp;Rahmen zeigen</translation>
    </message>
    <message>
        <source>Boxes on the image</source>
        <translation>Rahmen im Bild</translation>
    </message>
    <message>
        <source>Show &amp;attention</source>
        <translation>&amp;Aufmerksamkeit zeigen</translation>
    </message>
    <message>
        <source>Attention of the word</source>
        <translation>Aufmerksamkeit des Wortes</translation>
    </message>
    <message>
        <source>As&amp;k</source>
        <translation>&amp;Fragen</translation>
    </message>
    <message>
        <source>A&amp;dd this image to the question</source>
        <translation>Bild zur Frage &amp;hinzufügen</translation>
    </message>
    <message>
        <source>Ask about this image together with others</source>
        <translation>Nach diesem Bild zusammen mit anderen fragen</translation>
    </message>
    <message>
        <source>&amp;New conversation</source>
        <translation>&amp;Neues Gespräch</translation>
    </message>
    <message>
        <source>&amp;Stop</source>
        <translation>&amp;Stopp</translation>
    </message>
    <message>
        <source>Stop the answer</source>
        <translation>Antwort anhalten</translation>
    </message>
    <message>
        <source>Abou&amp;t this model…</source>
        <translation>Ü&amp;ber dieses Modell…</translation>
    </message>
    <message>
        <source>About this model</source>
        <translation>Über dieses Modell</translation>
    </message>
    <message>
        <source>&amp;Choose model…</source>
        <translation>Modell &amp;wählen…</translation>
    </message>
    <message>
        <source>Use the &amp;built-in model</source>
        <translation>&amp;Eingebautes Modell verwenden</translation>
    </message>
    <message>
        <source>&amp;Unload model</source>
        <translation>Modell ent&amp;laden</translation>
    </message>
    <message>
        <source>Frees the model&apos;s memory</source>
        <translation>Gibt den Speicher des Modells frei</translation>
    </message>
    <message>
        <source>&amp;Restart model</source>
        <translation>Modell neu s&amp;tarten</translation>
    </message>
    <message>
        <source>Co&amp;mpare with another model…</source>
        <translation>Mit anderem Modell &amp;vergleichen…</translation>
    </message>
    <message>
        <source>C&amp;lose comparison</source>
        <translation>Vergleich s&amp;chließen</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>Ansich&amp;t</translation>
    </message>
    <message>
        <source>Read page</source>
        <translation>Seite Befunden</translation>
    </message>
    <message>
        <source>Review page</source>
        <translation>Seite Prüfen</translation>
    </message>
    <message>
        <source>Data page</source>
        <translation>Seite Daten</translation>
    </message>
    <message>
        <source>Train page</source>
        <translation>Seite Trainieren</translation>
    </message>
    <message>
        <source>Evaluate page</source>
        <translation>Seite Auswerten</translation>
    </message>
    <message>
        <source>&amp;Studies</source>
        <translation>&amp;Untersuchungen</translation>
    </message>
    <message>
        <source>&amp;Findings</source>
        <translation>&amp;Befunde</translation>
    </message>
    <message>
        <source>&amp;Measurements</source>
        <translation>&amp;Messungen</translation>
    </message>
    <message>
        <source>&amp;Conversation</source>
        <translation>&amp;Gespräch</translation>
    </message>
    <message>
        <source>&amp;Light theme</source>
        <translation>&amp;Helles Design</translation>
    </message>
    <message>
        <source>Light theme</source>
        <translation>Helles Design</translation>
    </message>
    <message>
        <source>&amp;Full screen</source>
        <translation>&amp;Vollbild</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;Keyboard and mouse</source>
        <translation>&amp;Tastatur und Maus</translation>
    </message>
    <message>
        <source>&amp;Log…</source>
        <translation>&amp;Protokoll…</translation>
    </message>
    <message>
        <source>&amp;About umed</source>
        <translation>Ü&amp;ber umed</translation>
    </message>
    <message>
        <source>Read</source>
        <translation>Befunden</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Train</source>
        <translation>Trainieren</translation>
    </message>
    <message>
        <source>Evaluate</source>
        <translation>Auswerten</translation>
    </message>
</context>
<context>
    <name>AgreementList</name>
    <message>
        <source>That two models agree says nothing about whether either is right.</source>
        <translation>Dass zwei Modelle übereinstimmen, sagt nichts darüber, ob eines recht hat.</translation>
    </message>
    <message>
        <source>Boxes of both models</source>
        <translation>Rahmen beider Modelle</translation>
    </message>
    <message>
        <source>Model A</source>
        <translation>Modell A</translation>
    </message>
    <message>
        <source>Model B</source>
        <translation>Modell B</translation>
    </message>
    <message>
        <source>IoU</source>
        <translation>IoU</translation>
    </message>
</context>
<context>
    <name>AgreementPanel</name>
    <message>
        <source>Consensus and agreement</source>
        <translation>Konsens und Übereinstimmung</translation>
    </message>
    <message>
        <source>Count again</source>
        <translation>Neu zählen</translation>
    </message>
    <message>
        <source>Count verdicts and agreement again</source>
        <translation>Urteile und Übereinstimmung neu zählen</translation>
    </message>
    <message>
        <source>Write reviewed set…</source>
        <translation>Geprüftes schreiben…</translation>
    </message>
    <message>
        <source>Write the dataset that the review leaves</source>
        <translation>Den geprüften Datensatz schreiben</translation>
    </message>
    <message>
        <source>Open a dataset to see its figures.</source>
        <translation>Öffnen Sie einen Datensatz, um seine Zahlen zu sehen.</translation>
    </message>
    <message>
        <source>accepted</source>
        <translation>angenommen</translation>
    </message>
    <message>
        <source>corrected</source>
        <translation>berichtigt</translation>
    </message>
    <message>
        <source>rejected</source>
        <translation>abgelehnt</translation>
    </message>
    <message>
        <source>disputed</source>
        <translation>strittig</translation>
    </message>
    <message>
        <source>not reviewed</source>
        <translation>nicht geprüft</translation>
    </message>
    <message>
        <source>{outdated} judgements are of records that have changed since: they don&apos;t count.</source>
        <translation>{outdated} Urteile betreffen Einträge, die seither geändert wurden: Sie zählen nicht.</translation>
    </message>
    <message>
        <source>{first} and {second}</source>
        <translation>{first} und {second}</translation>
    </message>
    <message>
        <source>&lt;b&gt;All reviewers&lt;/b&gt;&lt;br&gt;Fleiss&apos; kappa {kappa}</source>
        <translation>&lt;b&gt;Alle Prüfer&lt;/b&gt;&lt;br&gt;Fleiss-Kappa {kappa}</translation>
    </message>
    <message>
        <source>{first}, read twice</source>
        <translation>{first}, zweimal gelesen</translation>
    </message>
    <message>
        <source>No record has two readers yet, so there is no agreement to measure.</source>
        <translation>Noch hat kein Eintrag zwei Leser; es gibt keine Übereinstimmung zu messen.</translation>
    </message>
    <message>
        <source>&lt;b&gt;{who}&lt;/b&gt;, {records}&lt;br&gt;Cohen&apos;s kappa {kappa}&lt;br&gt;same verdict {same}&lt;br&gt;box IoU {box_iou}, {redrawn} redrawn</source>
        <translation>&lt;b&gt;{who}&lt;/b&gt;, {records}&lt;br&gt;Cohen-Kappa {kappa}&lt;br&gt;gleiches Urteil {same}&lt;br&gt;IoU der Rahmen {box_iou}, {redrawn} neu gezeichnet</translation>
    </message>
    <message>
        <source>{count} records</source>
        <translation>Einträge: {count}</translation>
    </message>
    <message>
        <source>undefined (one verdict throughout)</source>
        <translation>nicht definiert (durchweg ein Urteil)</translation>
    </message>
    <message>
        <source>undefined (nothing to compare)</source>
        <translation>nicht definiert (nichts zu vergleichen)</translation>
    </message>
</context>
<context>
    <name>AnswerView</name>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Enter shows where the model looked for the word at the cursor.</source>
        <translation>Die Eingabetaste zeigt, wohin das Modell für das Wort am Cursor gesehen hat.</translation>
    </message>
    <message>
        <source>box {number}</source>
        <translation>Rahmen {number}</translation>
    </message>
    <message>
        <source>unusable box</source>
        <translation>unbrauchbarer Rahmen</translation>
    </message>
    <message>
        <source>locating</source>
        <translation>wird lokalisiert</translation>
    </message>
</context>
<context>
    <name>AnswersTable</name>
    <message>
        <source>Set</source>
        <translation>Satz</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>IoU</source>
        <translation>IoU</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Klasse</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>Urteil</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Columns of the answers</source>
        <translation>Spalten der Antworten</translation>
    </message>
    <message>
        <source>named</source>
        <translation>genannt</translation>
    </message>
    <message>
        <source>missed</source>
        <translation>verfehlt</translation>
    </message>
    <message>
        <source>hit</source>
        <translation>getroffen</translation>
    </message>
    <message>
        <source>off</source>
        <translation>daneben</translation>
    </message>
    <message>
        <source>no box</source>
        <translation>kein Rahmen</translation>
    </message>
    <message>
        <source>false alarm</source>
        <translation>Fehlalarm</translation>
    </message>
    <message>
        <source>quiet</source>
        <translation>unauffällig</translation>
    </message>
</context>
<context>
    <name>AnswersWiring</name>
    <message>
        <source>The answer is about a series that is not open.</source>
        <translation>Die Antwort betrifft eine Serie, die nicht geöffnet ist.</translation>
    </message>
    <message>
        <source>Open its folder, then try again.</source>
        <translation>Öffnen Sie ihren Ordner und versuchen Sie es erneut.</translation>
    </message>
    <message>
        <source>This conversation is kept with a study that is not open.</source>
        <translation>Dieses Gespräch gehört zu einer Untersuchung, die nicht geöffnet ist.</translation>
    </message>
    <message>
        <source>No image is open to draw on.</source>
        <translation>Es ist kein Bild zum Zeichnen geöffnet.</translation>
    </message>
    <message>
        <source>Open a file or a folder first.</source>
        <translation>Öffnen Sie zuerst eine Datei oder einen Ordner.</translation>
    </message>
</context>
<context>
    <name>ArchiveDialog</name>
    <message>
        <source>Archive</source>
        <translation>Archiv</translation>
    </message>
    <message>
        <source>Archives…</source>
        <translation>Archive…</translation>
    </message>
    <message>
        <source>Write archives down</source>
        <translation>Archive eintragen</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>No archive is written down. Nothing connects until one is: press Archives…</source>
        <translation>Kein Archiv ist eingetragen. Bis dahin wird nichts verbunden. Drücken Sie Archive…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
</context>
<context>
    <name>Archives</name>
    <message>
        <source>{name} is written down. Nothing has connected to it yet.</source>
        <translation>{name} ist eingetragen. Noch wurde keine Verbindung aufgebaut.</translation>
    </message>
    <message>
        <source>Keeping the password</source>
        <translation>Kennwort wird abgelegt</translation>
    </message>
    <message>
        <source>Kept in the system&apos;s keyring.</source>
        <translation>Im Schlüsselbund des Systems abgelegt.</translation>
    </message>
    <message>
        <source>Asking {address}…</source>
        <translation>{address} wird gefragt…</translation>
    </message>
    <message>
        <source>Asking an archive</source>
        <translation>Ein Archiv wird gefragt</translation>
    </message>
    <message>
        <source>{name} answers.</source>
        <translation>{name} antwortet.</translation>
    </message>
    <message>
        <source>Searching {name}…</source>
        <translation>{name} wird durchsucht…</translation>
    </message>
    <message>
        <source>Searching</source>
        <translation>Suche</translation>
    </message>
    <message>
        <source>Listing its series…</source>
        <translation>Serien werden aufgelistet…</translation>
    </message>
    <message>
        <source>Listing series</source>
        <translation>Serien werden aufgelistet</translation>
    </message>
    <message>
        <source>Asking {name} for the study…</source>
        <translation>{name} wird um die Untersuchung gebeten…</translation>
    </message>
    <message>
        <source>Receiving</source>
        <translation>Empfang</translation>
    </message>
    <message>
        <source>{name} sent no file. {summary}.</source>
        <translation>{name} hat keine Datei gesendet. {summary}.</translation>
    </message>
    <message>
        <source>Looking through files</source>
        <translation>Dateien werden durchgesehen</translation>
    </message>
    <message>
        <source>Connecting to {name}…</source>
        <translation>Verbindung mit {name}…</translation>
    </message>
    <message>
        <source>Sending</source>
        <translation>Senden</translation>
    </message>
</context>
<context>
    <name>AttachingWiring</name>
    <message>
        <source>The question stays as it is.</source>
        <translation>Die Frage bleibt, wie sie ist.</translation>
    </message>
    <message>
        <source>No image is open.</source>
        <translation>Es ist kein Bild geöffnet.</translation>
    </message>
    <message>
        <source>How many images the model takes is known once it is loaded.</source>
        <translation>Wie viele Bilder das Modell nimmt, ist bekannt, sobald es geladen ist.</translation>
    </message>
    <message>
        <source>{model} answers about one image at a time.</source>
        <translation>{model} antwortet auf jeweils ein Bild.</translation>
    </message>
    <message>
        <source>This image is in the question already.</source>
        <translation>Dieses Bild gehört schon zur Frage.</translation>
    </message>
    <message>
        <source>{model} takes {count} images, and the question has them.</source>
        <translation>{model} nimmt {count} Bilder, und so viele hat die Frage.</translation>
    </message>
</context>
<context>
    <name>AttachmentRow</name>
    <message>
        <source>Images of the question</source>
        <translation>Bilder der Frage</translation>
    </message>
    <message>
        <source>Show image {words}</source>
        <translation>Bild {words} zeigen</translation>
    </message>
    <message>
        <source>{words}: show it</source>
        <translation>{words}: zeigen</translation>
    </message>
    <message>
        <source>Take image {words} out of the question</source>
        <translation>Bild {words} aus der Frage nehmen</translation>
    </message>
    <message>
        <source>Take it out of the question</source>
        <translation>Aus der Frage nehmen</translation>
    </message>
</context>
<context>
    <name>AttentionBar</name>
    <message>
        <source>Attention of the chosen word</source>
        <translation>Aufmerksamkeit des gewählten Wortes</translation>
    </message>
    <message>
        <source>Opacity of the attention map</source>
        <translation>Deckkraft der Aufmerksamkeitskarte</translation>
    </message>
    <message>
        <source>Colours of the attention map</source>
        <translation>Farben der Aufmerksamkeitskarte</translation>
    </message>
    <message>
        <source>Layer of the attention map</source>
        <translation>Ebene der Aufmerksamkeitskarte</translation>
    </message>
    <message>
        <source>Attention of one layer, mean over its heads, or the mean over all layers</source>
        <translation>Aufmerksamkeit einer Ebene, gemittelt über ihre Köpfe, oder der Mittelwert aller Ebenen</translation>
    </message>
    <message>
        <source>Hide attention</source>
        <translation>Aufmerksamkeit ausblenden</translation>
    </message>
    <message>
        <source>&lt;b&gt;“{word}”&lt;/b&gt; &amp;nbsp; &lt;b&gt;{on_image}&lt;/b&gt; on the image</source>
        <translation>&lt;b&gt;„{word}“&lt;/b&gt; &amp;nbsp; &lt;b&gt;{on_image}&lt;/b&gt; auf dem Bild</translation>
    </message>
    <message>
        <source>&lt;b&gt;“{word}”&lt;/b&gt; &amp;nbsp; &lt;b&gt;{on_image}&lt;/b&gt; on the image, of that &lt;b&gt;{in_box}&lt;/b&gt; inside {box}</source>
        <translation>&lt;b&gt;„{word}“&lt;/b&gt; &amp;nbsp; &lt;b&gt;{on_image}&lt;/b&gt; auf dem Bild, davon &lt;b&gt;{in_box}&lt;/b&gt; in: {box}</translation>
    </message>
    <message>
        <source>Share of the attention that went to the image, and share of that inside the box.</source>
        <translation>Anteil der Aufmerksamkeit, der auf das Bild fiel, und davon der Anteil im Rahmen.</translation>
    </message>
    <message>
        <source>{share} on image {number}</source>
        <translation>{share} auf Bild {number}</translation>
    </message>
    <message>
        <source>Mean of layers</source>
        <translation>Mittel der Ebenen</translation>
    </message>
    <message>
        <source>Layer {number}</source>
        <translation>Ebene {number}</translation>
    </message>
</context>
<context>
    <name>Autosave</name>
    <message>
        <source>Saving</source>
        <translation>Speichern</translation>
    </message>
</context>
<context>
    <name>Bars</name>
    <message>
        <source>{dataset}: mean IoU</source>
        <translation>{dataset}: mittlere IoU</translation>
    </message>
    <message>
        <source>{dataset}: class named</source>
        <translation>{dataset}: Klasse genannt</translation>
    </message>
    <message>
        <source>{dataset}: false alarms</source>
        <translation>{dataset}: Fehlalarme</translation>
    </message>
</context>
<context>
    <name>BarsView</name>
    <message>
        <source>Scores of each set</source>
        <translation>Ergebnisse je Satz</translation>
    </message>
    <message>
        <source>{label} {value:.2f}, {low:.2f} to {high:.2f}</source>
        <translation>{label} {value:.2f}, {low:.2f} bis {high:.2f}</translation>
    </message>
    <message>
        <source>The thin line is the 95 % interval; the tick is the better of the two controls.</source>
        <translation>Die dünne Linie ist das 95-%-Intervall, der Strich die bessere der beiden Kontrollen.</translation>
    </message>
</context>
<context>
    <name>BuildFields</name>
    <message>
        <source>Template: offline, from a table of general facts</source>
        <translation>Vorlage: offline, aus einer Tabelle allgemeiner Fakten</translation>
    </message>
    <message>
        <source>Server with OpenAI&apos;s interface</source>
        <translation>Server mit OpenAI-Schnittstelle</translation>
    </message>
    <message>
        <source>Model on this machine</source>
        <translation>Modell auf diesem Rechner</translation>
    </message>
    <message>
        <source>As the teacher needs it</source>
        <translation>Wie der Lehrer es braucht</translation>
    </message>
    <message>
        <source>Do not look for it</source>
        <translation>Nicht danach suchen</translation>
    </message>
    <message>
        <source>Paint over it</source>
        <translation>Übermalen</translation>
    </message>
    <message>
        <source>Leave such pictures out</source>
        <translation>Solche Bilder weglassen</translation>
    </message>
    <message>
        <source>Teacher</source>
        <translation>Lehrer</translation>
    </message>
    <message>
        <source>Teacher&apos;s model</source>
        <translation>Modell des Lehrers</translation>
    </message>
    <message>
        <source>Teacher&apos;s server</source>
        <translation>Server des Lehrers</translation>
    </message>
    <message>
        <source>The key comes from OPENAI_API_KEY or the system&apos;s keyring.</source>
        <translation>Der Schlüssel kommt aus OPENAI_API_KEY oder dem Schlüsselbund des Systems.</translation>
    </message>
    <message>
        <source>Most tokens in all</source>
        <translation>Höchstzahl an Token insgesamt</translation>
    </message>
    <message>
        <source>no limit</source>
        <translation>unbegrenzt</translation>
    </message>
    <message>
        <source>Price of prompts</source>
        <translation>Preis der Anfragen</translation>
    </message>
    <message>
        <source>Price of answers</source>
        <translation>Preis der Antworten</translation>
    </message>
    <message>
        <source>Budget</source>
        <translation>Budget</translation>
    </message>
    <message>
        <source>Cases of each source</source>
        <translation>Fälle je Quelle</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>The paper&apos;s numbers of each public set</source>
        <translation>Zahlen des Artikels je öffentlichem Satz</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>Text burned into pictures</source>
        <translation>Eingebrannter Text in Bildern</translation>
    </message>
    <message>
        <source>Dataset&apos;s folder</source>
        <translation>Ordner des Datensatzes</translation>
    </message>
    <message>
        <source>where it is written</source>
        <translation>wohin geschrieben wird</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Server</source>
        <translation>Server</translation>
    </message>
    <message>
        <source>Stop at tokens</source>
        <translation>Halt bei Token</translation>
    </message>
    <message>
        <source>$ per million prompt tokens</source>
        <translation>$ je Million Token der Anfragen</translation>
    </message>
    <message>
        <source>$ per million answer tokens</source>
        <translation>$ je Million Token der Antworten</translation>
    </message>
    <message>
        <source>Stop at $</source>
        <translation>Halt bei $</translation>
    </message>
    <message>
        <source>Seed of split and sample</source>
        <translation>Startwert für Aufteilung und Stichprobe</translation>
    </message>
    <message>
        <source>Teacher and options</source>
        <translation>Lehrer und Optionen</translation>
    </message>
    <message>
        <source>its name on the server</source>
        <translation>sein Name auf dem Server</translation>
    </message>
    <message>
        <source>a model folder</source>
        <translation>ein Modellordner</translation>
    </message>
    <message>
        <source>not given</source>
        <translation>keine Angabe</translation>
    </message>
</context>
<context>
    <name>BuildForm</name>
    <message>
        <source>There is no source.</source>
        <translation>Es gibt keine Quelle.</translation>
    </message>
    <message>
        <source>Add a folder of annotated images.</source>
        <translation>Fügen Sie einen Ordner mit annotierten Bildern hinzu.</translation>
    </message>
    <message>
        <source>The dataset has no folder.</source>
        <translation>Der Datensatz hat keinen Ordner.</translation>
    </message>
    <message>
        <source>Choose where it is written.</source>
        <translation>Wählen Sie, wohin er geschrieben wird.</translation>
    </message>
    <message>
        <source>Give the model&apos;s name on the server.</source>
        <translation>Nennen Sie den Namen des Modells auf dem Server.</translation>
    </message>
    <message>
        <source>Give a model folder.</source>
        <translation>Nennen Sie einen Modellordner.</translation>
    </message>
    <message>
        <source>The teacher has no model.</source>
        <translation>Der Lehrer hat kein Modell.</translation>
    </message>
    <message>
        <source>The paper&apos;s numbers and a limit both say how many.</source>
        <translation>Die Zahlen des Artikels und eine Grenze sagen beide, wie viele.</translation>
    </message>
    <message>
        <source>Leave one of them out.</source>
        <translation>Lassen Sie eins von beiden weg.</translation>
    </message>
    <message>
        <source>A budget in dollars needs the teacher&apos;s prices.</source>
        <translation>Ein Budget in Dollar braucht die Preise des Lehrers.</translation>
    </message>
    <message>
        <source>Give both prices, or limit the tokens.</source>
        <translation>Nennen Sie beide Preise, oder begrenzen Sie die Token.</translation>
    </message>
</context>
<context>
    <name>Cards</name>
    <message>
        <source>Looking at the image…</source>
        <translation>Das Bild wird betrachtet…</translation>
    </message>
    <message>
        <source>Answering…</source>
        <translation>Antwort läuft…</translation>
    </message>
    <message>
        <source>Stopped</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Not answered</source>
        <translation>Nicht beantwortet</translation>
    </message>
</context>
<context>
    <name>Charts</name>
    <message>
        <source>Loss</source>
        <translation>Verlust</translation>
    </message>
    <message>
        <source>Parts of the loss</source>
        <translation>Teile des Verlusts</translation>
    </message>
    <message>
        <source>Rewards</source>
        <translation>Belohnungen</translation>
    </message>
    <message>
        <source>Parsable share</source>
        <translation>Lesbarer Anteil</translation>
    </message>
    <message>
        <source>KL from stage 1</source>
        <translation>KL zu Stufe 1</translation>
    </message>
    <message>
        <source>Gradient and rate</source>
        <translation>Gradient und Rate</translation>
    </message>
</context>
<context>
    <name>ChatPanel</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>CONVERSATION</source>
        <translation>GESPRÄCH</translation>
    </message>
</context>
<context>
    <name>ChooseDialog</name>
    <message>
        <source>Compare with another model</source>
        <translation>Mit anderem Modell vergleichen</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Another folder…</source>
        <translation>Anderer Ordner…</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>Vergleichen</translation>
    </message>
    <message>
        <source>The second model runs in a process of its own, beside the first.</source>
        <translation>Das zweite Modell läuft in einem eigenen Prozess neben dem ersten.</translation>
    </message>
    <message>
        <source>{name}, the built-in model</source>
        <translation>{name}, das eingebaute Modell</translation>
    </message>
    <message>
        <source>Folder: {folder}</source>
        <translation>Ordner: {folder}</translation>
    </message>
    <message>
        <source>Model A: its memory is not known yet.</source>
        <translation>Modell A: Sein Speicher ist noch nicht bekannt.</translation>
    </message>
    <message>
        <source>Model A takes {megabytes} MiB, as measured.</source>
        <translation>Modell A belegt {megabytes} MiB (gemessen).</translation>
    </message>
    <message>
        <source>Model A will take about {megabytes} MiB, by its files.</source>
        <translation>Modell A wird nach seinen Dateien etwa {megabytes} MiB belegen.</translation>
    </message>
    <message>
        <source>Model B: {problem}</source>
        <translation>Modell B: {problem}</translation>
    </message>
    <message>
        <source>Model B will take about {megabytes} MiB, by its files.</source>
        <translation>Modell B wird nach seinen Dateien etwa {megabytes} MiB belegen.</translation>
    </message>
    <message>
        <source>Free on the GPU ({gpu}): {megabytes} MiB.</source>
        <translation>Frei auf der GPU ({gpu}): {megabytes} MiB.</translation>
    </message>
    <message>
        <source>Free on this machine: {megabytes} MiB.</source>
        <translation>Frei auf diesem Rechner: {megabytes} MiB.</translation>
    </message>
    <message>
        <source>Both may not fit: close other programs, or choose a smaller model.</source>
        <translation>Beide passen womöglich nicht: Schließen Sie andere Programme, oder wählen Sie ein kleineres Modell.</translation>
    </message>
    <message>
        <source>Choose the second model&apos;s folder</source>
        <translation>Ordner des zweiten Modells wählen</translation>
    </message>
</context>
<context>
    <name>CineBar</name>
    <message>
        <source> fps</source>
        <translation> B/s</translation>
    </message>
    <message>
        <source>Frames a second</source>
        <translation>Bilder je Sekunde</translation>
    </message>
    <message>
        <source>Loop</source>
        <translation>Endlos</translation>
    </message>
    <message>
        <source>Begin again after the last slice</source>
        <translation>Nach der letzten Schicht von vorn beginnen</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Abspielen</translation>
    </message>
    <message>
        <source>Pause the slices as a film  (Space)</source>
        <translation>Film der Schichten anhalten  (Leertaste)</translation>
    </message>
    <message>
        <source>Play the slices as a film  (Space)</source>
        <translation>Schichten als Film abspielen  (Leertaste)</translation>
    </message>
</context>
<context>
    <name>ClassEditor</name>
    <message>
        <source>Class of the finding</source>
        <translation>Klasse des Befunds</translation>
    </message>
</context>
<context>
    <name>ComparePainter</name>
    <message>
        <source>Open a study</source>
        <translation>Untersuchung öffnen</translation>
    </message>
    <message>
        <source>Both models are asked about the same image.</source>
        <translation>Beide Modelle werden nach demselben Bild gefragt.</translation>
    </message>
</context>
<context>
    <name>ComparePanel</name>
    <message>
        <source>Another model B…</source>
        <translation>Anderes Modell B…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Close comparison</source>
        <translation>Vergleich schließen</translation>
    </message>
    <message>
        <source>Ask both models…</source>
        <translation>Beide Modelle fragen…</translation>
    </message>
    <message>
        <source>Open an image first</source>
        <translation>Öffnen Sie zuerst ein Bild</translation>
    </message>
    <message>
        <source>TWO MODELS</source>
        <translation>ZWEI MODELLE</translation>
    </message>
</context>
<context>
    <name>ComparingWiring</name>
    <message>
        <source>Looking at the models</source>
        <translation>Modelle werden angesehen</translation>
    </message>
    <message>
        <source>Picture (*.png)</source>
        <translation>Bild (*.png)</translation>
    </message>
    <message>
        <source>JSON (*.json)</source>
        <translation>JSON (*.json)</translation>
    </message>
    <message>
        <source>Export the comparison</source>
        <translation>Vergleich exportieren</translation>
    </message>
    <message>
        <source>The comparison was written to {path}.</source>
        <translation>Der Vergleich wurde nach {path} geschrieben.</translation>
    </message>
</context>
<context>
    <name>Comparison</name>
    <message>
        <source>Another image, not the one shown · {question}</source>
        <translation>Ein anderes Bild als das gezeigte · {question}</translation>
    </message>
    <message>
        <source>Slice {number} · {question}</source>
        <translation>Schicht {number} · {question}</translation>
    </message>
    <message>
        <source>Slice {number}, not the one shown · {question}</source>
        <translation>Schicht {number}, nicht die gezeigte · {question}</translation>
    </message>
    <message>
        <source>Both are compared when both have answered.</source>
        <translation>Verglichen wird, wenn beide geantwortet haben.</translation>
    </message>
    <message>
        <source>There is nothing to compare: not both have answered.</source>
        <translation>Es gibt nichts zu vergleichen: Nicht beide haben geantwortet.</translation>
    </message>
    <message>
        <source>Ask a question: it goes to both models, with the same image.</source>
        <translation>Stellen Sie eine Frage: Sie geht mit demselben Bild an beide Modelle.</translation>
    </message>
    <message>
        <source>Neither names an abnormality</source>
        <translation>Keines nennt eine Auffälligkeit</translation>
    </message>
    <message>
        <source>Both name</source>
        <translation>Beide nennen</translation>
    </message>
    <message>
        <source>only A</source>
        <translation>nur A</translation>
    </message>
    <message>
        <source>only B</source>
        <translation>nur B</translation>
    </message>
    <message>
        <source>no box from either</source>
        <translation>von keinem ein Rahmen</translation>
    </message>
    <message>
        <source>IoU of matched boxes: {overlaps}</source>
        <translation>IoU der zugeordneten Rahmen: {overlaps}</translation>
    </message>
    <message>
        <source>unmatched: A {a}, B {b}</source>
        <translation>ohne Partner: A {a}, B {b}</translation>
    </message>
    <message>
        <source>{hash} · {device} · {memory} MiB</source>
        <translation>{hash} · {device} · {memory} MiB</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>Modell wird geladen…</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>angehalten</translation>
    </message>
    <message>
        <source>Not loaded</source>
        <translation>Nicht geladen</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>first token {seconds} s</source>
        <translation>erstes Token {seconds} s</translation>
    </message>
    <message>
        <source>{rate} tokens/s</source>
        <translation>{rate} Token/s</translation>
    </message>
    <message>
        <source>{count} tokens</source>
        <translation>{count} Token</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Editing a question: Enter asks it in place of the old one, Esc leaves it.</source>
        <translation>Frage bearbeiten: Die Eingabetaste stellt sie anstelle der alten, Esc verlässt sie.</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>Add this image to the question</source>
        <translation>Dieses Bild zur Frage hinzufügen</translation>
    </message>
    <message>
        <source>Ask: {question}</source>
        <translation>Fragen: {question}</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Stopp</translation>
    </message>
    <message>
        <source>Ask about the image above…</source>
        <translation>Zum Bild oben fragen…</translation>
    </message>
    <message>
        <source>Ask about the {count} images above…</source>
        <translation>Zu den {count} Bildern oben fragen…</translation>
    </message>
</context>
<context>
    <name>ConsentDialog</name>
    <message>
        <source>May these pictures leave this machine?</source>
        <translation>Dürfen diese Bilder den Rechner verlassen?</translation>
    </message>
    <message>
        <source>The teacher runs on &lt;b&gt;{server}&lt;/b&gt;. It would get every picture of these sources, cleaned of headers and of text that was found in it, with the questions below. These are the first requests, word for word.</source>
        <translation>Der Lehrer läuft auf &lt;b&gt;{server}&lt;/b&gt;. Er bekäme jedes Bild dieser Quellen, ohne Kopfdaten und ohne den darin gefundenen Text, mit den Fragen unten. Dies sind die ersten Anfragen im Wortlaut.</translation>
    </message>
    <message>
        <source>What would be sent</source>
        <translation>Was gesendet würde</translation>
    </message>
    <message>
        <source>I may share these pictures with {server}</source>
        <translation>Ich darf diese Bilder an {server} weitergeben</translation>
    </message>
    <message>
        <source>Send and build</source>
        <translation>Senden und erstellen</translation>
    </message>
    <message>
        <source>Send nothing</source>
        <translation>Nichts senden</translation>
    </message>
</context>
<context>
    <name>ConversationBar</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>Conversations about this study</source>
        <translation>Gespräche über diese Untersuchung</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>Name of the conversation</source>
        <translation>Name des Gesprächs</translation>
    </message>
    <message>
        <source>New conversation</source>
        <translation>Neues Gespräch</translation>
    </message>
    <message>
        <source>Rename conversation</source>
        <translation>Gespräch umbenennen</translation>
    </message>
    <message>
        <source>Delete conversation</source>
        <translation>Gespräch löschen</translation>
    </message>
    <message>
        <source>No conversation yet</source>
        <translation>Noch kein Gespräch</translation>
    </message>
</context>
<context>
    <name>ConversationEdit</name>
    <message>
        <source>Question</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
</context>
<context>
    <name>CurvesPanel</name>
    <message>
        <source>Smoothing of the curves</source>
        <translation>Glättung der Kurven</translation>
    </message>
    <message>
        <source>Curves appear with the first logged step.</source>
        <translation>Kurven erscheinen mit dem ersten protokollierten Schritt.</translation>
    </message>
    <message>
        <source>{title} over steps</source>
        <translation>{title} über die Schritte</translation>
    </message>
</context>
<context>
    <name>DataPage</name>
    <message>
        <source>Estimate</source>
        <translation>Schätzen</translation>
    </message>
    <message>
        <source>Count cases, tokens and cost; nothing is sent</source>
        <translation>Fälle, Token und Kosten zählen; nichts wird gesendet</translation>
    </message>
    <message>
        <source>Build</source>
        <translation>Erstellen</translation>
    </message>
    <message>
        <source>Build the dataset, or go on building it</source>
        <translation>Den Datensatz erstellen oder damit fortfahren</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Stop; what was done is kept</source>
        <translation>Anhalten; das Erledigte bleibt</translation>
    </message>
    <message>
        <source>Open in Review</source>
        <translation>Zur Prüfung öffnen</translation>
    </message>
    <message>
        <source>Review the built dataset</source>
        <translation>Den erstellten Datensatz prüfen</translation>
    </message>
    <message>
        <source>What could not be used, and why</source>
        <translation>Was nicht verwendet werden konnte, und warum</translation>
    </message>
    <message>
        <source>What</source>
        <translation>Was</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>Wo</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>Log of the build</source>
        <translation>Protokoll der Erstellung</translation>
    </message>
    <message>
        <source>No dataset is open</source>
        <translation>Kein Datensatz geöffnet</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>Quellen</translation>
    </message>
    <message>
        <source>What fell out, or log</source>
        <translation>Ausgelassenes oder Protokoll</translation>
    </message>
    <message>
        <source>Not used</source>
        <translation>Ausgelassen</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>{name}: nothing has been built here</source>
        <translation>{name}: Hier wurde noch nichts erstellt</translation>
    </message>
    <message>
        <source>{name}: building</source>
        <translation>{name}: wird erstellt</translation>
    </message>
    <message>
        <source>Reading the sources</source>
        <translation>Quellen werden gelesen</translation>
    </message>
    <message>
        <source>Estimate: nothing was sent or written</source>
        <translation>Schätzung: Nichts wurde gesendet oder geschrieben</translation>
    </message>
    <message>
        <source>Cleaning the first pictures to show what would leave</source>
        <translation>Die ersten Bilder werden bereinigt, um zu zeigen, was gesendet würde</translation>
    </message>
    <message>
        <source>Waiting for your word: nothing was sent</source>
        <translation>Wartet auf Ihr Wort: Nichts wurde gesendet</translation>
    </message>
    <message>
        <source>Nothing was sent</source>
        <translation>Nichts wurde gesendet</translation>
    </message>
    <message>
        <source>Stopped; nothing was sent or written</source>
        <translation>Angehalten; nichts wurde gesendet oder geschrieben</translation>
    </message>
    <message>
        <source>Stopping; what was done is kept</source>
        <translation>Wird angehalten; das Erledigte bleibt</translation>
    </message>
    <message>
        <source>End at once</source>
        <translation>Sofort beenden</translation>
    </message>
    <message>
        <source>built</source>
        <translation>erstellt</translation>
    </message>
    <message>
        <source>stopped; Build goes on from there</source>
        <translation>angehalten; Erstellen macht dort weiter</translation>
    </message>
    <message>
        <source>stopped by an error</source>
        <translation>durch einen Fehler angehalten</translation>
    </message>
    <message>
        <source>Nothing was sent or written</source>
        <translation>Nichts wurde gesendet oder geschrieben</translation>
    </message>
    <message>
        <source>Reading the dataset</source>
        <translation>Datensatz wird gelesen</translation>
    </message>
    <message>
        <source>{name}: built elsewhere</source>
        <translation>{name}: anderswo erstellt</translation>
    </message>
    <message>
        <source>Not used ({total_fallen})</source>
        <translation>Ausgelassen ({total_fallen})</translation>
    </message>
</context>
<context>
    <name>DeedLog</name>
    <message>
        <source>Accepted.</source>
        <translation>Angenommen.</translation>
    </message>
    <message>
        <source>Rejected.</source>
        <translation>Abgelehnt.</translation>
    </message>
    <message>
        <source>Verdict taken back.</source>
        <translation>Urteil zurückgenommen.</translation>
    </message>
    <message>
        <source>Drawn by hand.</source>
        <translation>Von Hand gezeichnet.</translation>
    </message>
    <message>
        <source>Class changed from {old} to {new}.</source>
        <translation>Klasse geändert: {old} → {new}.</translation>
    </message>
    <message>
        <source>Box changed from {old} to {new}.</source>
        <translation>Rahmen geändert: {old} → {new}.</translation>
    </message>
</context>
<context>
    <name>Deeds</name>
    <message>
        <source>Draw length</source>
        <translation>Länge zeichnen</translation>
    </message>
    <message>
        <source>Draw angle</source>
        <translation>Winkel zeichnen</translation>
    </message>
    <message>
        <source>Draw ellipse</source>
        <translation>Ellipse zeichnen</translation>
    </message>
    <message>
        <source>Draw rectangle</source>
        <translation>Rechteck zeichnen</translation>
    </message>
    <message>
        <source>Draw probe</source>
        <translation>Pixelwert setzen</translation>
    </message>
    <message>
        <source>Change measurement</source>
        <translation>Messung ändern</translation>
    </message>
    <message>
        <source>Delete measurement</source>
        <translation>Messung löschen</translation>
    </message>
    <message>
        <source>Delete measurements</source>
        <translation>Messungen löschen</translation>
    </message>
    <message>
        <source>Open images</source>
        <translation>Bilder öffnen</translation>
    </message>
    <message>
        <source>Open a folder of images</source>
        <translation>Ordner mit Bildern öffnen</translation>
    </message>
    <message>
        <source>Delete conversation</source>
        <translation>Gespräch löschen</translation>
    </message>
    <message>
        <source>Ask again</source>
        <translation>Neu fragen</translation>
    </message>
    <message>
        <source>Edit question</source>
        <translation>Frage ändern</translation>
    </message>
    <message>
        <source>Delete answer</source>
        <translation>Antwort löschen</translation>
    </message>
    <message>
        <source>Accept box</source>
        <translation>Rahmen annehmen</translation>
    </message>
    <message>
        <source>Reject box</source>
        <translation>Rahmen ablehnen</translation>
    </message>
    <message>
        <source>Reopen box</source>
        <translation>Rahmen wieder öffnen</translation>
    </message>
    <message>
        <source>Change class</source>
        <translation>Klasse ändern</translation>
    </message>
    <message>
        <source>Move box</source>
        <translation>Rahmen verschieben</translation>
    </message>
    <message>
        <source>Draw box</source>
        <translation>Rahmen zeichnen</translation>
    </message>
    <message>
        <source>Delete finding</source>
        <translation>Befund löschen</translation>
    </message>
</context>
<context>
    <name>Dialogs</name>
    <message>
        <source>Left drag</source>
        <translation>Links ziehen</translation>
    </message>
    <message>
        <source>Window and level</source>
        <translation>Fensterung</translation>
    </message>
    <message>
        <source>Middle drag, Ctrl + left drag, Alt + arrows</source>
        <translation>Mitte ziehen, Strg + links ziehen, Alt + Pfeile</translation>
    </message>
    <message>
        <source>Pan</source>
        <translation>Verschieben</translation>
    </message>
    <message>
        <source>Right drag, Ctrl + wheel</source>
        <translation>Rechts ziehen, Strg + Rad</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Wheel</source>
        <translation>Rad</translation>
    </message>
    <message>
        <source>Slice</source>
        <translation>Schicht</translation>
    </message>
    <message>
        <source>Drag a series onto a viewport</source>
        <translation>Serie auf ein Bildfeld ziehen</translation>
    </message>
    <message>
        <source>Show it there</source>
        <translation>Dort zeigen</translation>
    </message>
    <message>
        <source>Drag with a measuring tool</source>
        <translation>Mit einem Messwerkzeug ziehen</translation>
    </message>
    <message>
        <source>Measure; an angle&apos;s second arm takes a click</source>
        <translation>Messen; der zweite Schenkel eines Winkels braucht einen Klick</translation>
    </message>
    <message>
        <source>Drag a handle or a line</source>
        <translation>Griff oder Linie ziehen</translation>
    </message>
    <message>
        <source>Change a measurement</source>
        <translation>Messung ändern</translation>
    </message>
    <message>
        <source>Click a box</source>
        <translation>Rahmen anklicken</translation>
    </message>
    <message>
        <source>Its sentence</source>
        <translation>Sein Satz</translation>
    </message>
    <message>
        <source>Click a word, or Enter on it</source>
        <translation>Wort anklicken oder Eingabetaste</translation>
    </message>
    <message>
        <source>Where the model looked</source>
        <translation>Wohin das Modell gesehen hat</translation>
    </message>
    <message>
        <source>Keyboard and mouse</source>
        <translation>Tastatur und Maus</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>Taste</translation>
    </message>
    <message>
        <source>Does</source>
        <translation>Wirkung</translation>
    </message>
    <message>
        <source>Mouse</source>
        <translation>Maus</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>Suchen</translation>
    </message>
</context>
<context>
    <name>EngineProcess</name>
    <message>
        <source>The model&apos;s process did not start: {reason}.</source>
        <translation>Der Prozess des Modells ist nicht gestartet: {reason}.</translation>
    </message>
    <message>
        <source>Reinstall umed.</source>
        <translation>Installieren Sie umed neu.</translation>
    </message>
    <message>
        <source>The model did not stop within five seconds and was ended.</source>
        <translation>Das Modell hat nicht binnen fünf Sekunden angehalten und wurde beendet.</translation>
    </message>
    <message>
        <source>Restart it; the chat is kept.</source>
        <translation>Starten Sie es neu; das Gespräch bleibt.</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>Model {name} has not answered.</source>
        <translation>Modell {name} hat nicht geantwortet.</translation>
    </message>
    <message>
        <source>The log could not be read: {problem}.</source>
        <translation>Das Protokoll konnte nicht gelesen werden: {problem}.</translation>
    </message>
    <message>
        <source>The measurements at {path} could not be read: {problem}.</source>
        <translation>Die Messungen in {path} konnten nicht gelesen werden: {problem}.</translation>
    </message>
    <message>
        <source>The file is kept as {name}.</source>
        <translation>Die Datei bleibt als {name} erhalten.</translation>
    </message>
    <message>
        <source>{name} could not be deleted: {problem}.</source>
        <translation>{name} konnte nicht gelöscht werden: {problem}.</translation>
    </message>
    <message>
        <source>{folder} is being worked on already.</source>
        <translation>An {folder} wird schon gearbeitet.</translation>
    </message>
    <message>
        <source>Could not start in {folder}: {problem}.</source>
        <translation>Start in {folder} nicht möglich: {problem}.</translation>
    </message>
    <message>
        <source>{path} cannot be read: {problem}.</source>
        <translation>{path} kann nicht gelesen werden: {problem}.</translation>
    </message>
    <message>
        <source>{path} does not exist.</source>
        <translation>{path} gibt es nicht.</translation>
    </message>
    <message>
        <source>{path} is no TOML: {problem}.</source>
        <translation>{path} ist kein TOML: {problem}.</translation>
    </message>
    <message>
        <source>The conversations about this study could not be read: {problem}.</source>
        <translation>Die Gespräche über diese Untersuchung konnten nicht gelesen werden: {problem}.</translation>
    </message>
    <message>
        <source>They were put aside as {name}; new ones are kept as usual.</source>
        <translation>Sie wurden als {name} beiseitegelegt; neue werden behalten wie sonst.</translation>
    </message>
    <message>
        <source>Could not keep {path} private: {problem}.</source>
        <translation>{path} ließ sich nicht vor anderen schützen: {problem}.</translation>
    </message>
    <message>
        <source>one image</source>
        <translation>ein Bild</translation>
    </message>
    <message>
        <source>{count} images</source>
        <translation>{count} Bilder</translation>
    </message>
    <message>
        <source>The model answers about {takes} at a time, and the question has {count}.</source>
        <translation>Das Modell nimmt {takes} zugleich, und die Frage hat {count}.</translation>
    </message>
    <message>
        <source>{title} is not at hand.</source>
        <translation>{title} liegt nicht vor.</translation>
    </message>
    <message>
        <source>None of the {count} files and folders holds a readable image. The first: {problem}</source>
        <translation>In keiner der Dateien und in keinem der Ordner ({count}) ist ein lesbares Bild. Der erste Grund: {problem}</translation>
    </message>
    <message>
        <source>No whole series is open to ask about.</source>
        <translation>Es ist keine vollständige Serie geöffnet, nach der gefragt werden könnte.</translation>
    </message>
    <message>
        <source>Open one, or wait until it has been read.</source>
        <translation>Öffnen Sie eine, oder warten Sie, bis sie gelesen ist.</translation>
    </message>
    <message>
        <source>The question is empty.</source>
        <translation>Die Frage ist leer.</translation>
    </message>
    <message>
        <source>Write one.</source>
        <translation>Schreiben Sie eine.</translation>
    </message>
    <message>
        <source>A model is still answering.</source>
        <translation>Ein Modell antwortet noch.</translation>
    </message>
    <message>
        <source>Wait for it, or stop it first.</source>
        <translation>Warten Sie darauf, oder halten Sie es zuerst an.</translation>
    </message>
    <message>
        <source>Ask a question first.</source>
        <translation>Stellen Sie zuerst eine Frage.</translation>
    </message>
    <message>
        <source>There is no answer to export.</source>
        <translation>Es gibt keine Antwort zum Exportieren.</translation>
    </message>
    <message>
        <source>No image is open to export.</source>
        <translation>Es ist kein Bild zum Exportieren geöffnet.</translation>
    </message>
    <message>
        <source>Open a file or a folder first.</source>
        <translation>Öffnen Sie zuerst eine Datei oder einen Ordner.</translation>
    </message>
    <message>
        <source>Check the folder&apos;s permissions.</source>
        <translation>Prüfen Sie die Zugriffsrechte des Ordners.</translation>
    </message>
    <message>
        <source>Choose a folder that you may write to.</source>
        <translation>Wählen Sie einen Ordner, in den Sie schreiben dürfen.</translation>
    </message>
    <message>
        <source>Delete it; the work beside it is untouched.</source>
        <translation>Löschen Sie die Datei; was daneben liegt, bleibt unberührt.</translation>
    </message>
    <message>
        <source>Choose another recipe.</source>
        <translation>Wählen Sie ein anderes Rezept.</translation>
    </message>
    <message>
        <source>Mend that line, or choose another file.</source>
        <translation>Berichtigen Sie diese Zeile, oder wählen Sie eine andere Datei.</translation>
    </message>
    <message>
        <source>Choose another folder.</source>
        <translation>Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>No image is open to ask about.</source>
        <translation>Es ist kein Bild geöffnet, nach dem gefragt werden könnte.</translation>
    </message>
    <message>
        <source>Write one, or choose a suggested question.</source>
        <translation>Schreiben Sie eine, oder wählen Sie eine vorgeschlagene Frage.</translation>
    </message>
    <message>
        <source>Write one, or press Esc to keep the old one.</source>
        <translation>Schreiben Sie eine, oder behalten Sie mit Esc die alte.</translation>
    </message>
    <message>
        <source>Remove images from the question, or choose a model that takes several.</source>
        <translation>Nehmen Sie Bilder aus der Frage, oder wählen Sie ein Modell, das mehrere nimmt.</translation>
    </message>
    <message>
        <source>The answer is about another series.</source>
        <translation>Die Antwort betrifft eine andere Serie.</translation>
    </message>
    <message>
        <source>Choose that series first.</source>
        <translation>Wählen Sie zuerst jene Serie.</translation>
    </message>
    <message>
        <source>The question was about another series.</source>
        <translation>Die Frage betraf eine andere Serie.</translation>
    </message>
    <message>
        <source>Show that series once, then ask again.</source>
        <translation>Zeigen Sie jene Serie einmal und fragen Sie dann erneut.</translation>
    </message>
    <message>
        <source>The model is still answering.</source>
        <translation>Das Modell antwortet noch.</translation>
    </message>
    <message>
        <source>This conversation is kept with another study.</source>
        <translation>Dieses Gespräch gehört zu einer anderen Untersuchung.</translation>
    </message>
    <message>
        <source>Show that study first.</source>
        <translation>Zeigen Sie zuerst jene Untersuchung.</translation>
    </message>
    <message>
        <source>Choose DICOM, NIfTI, PNG, JPEG or TIFF files, or a folder or a ZIP archive that holds some.</source>
        <translation>Wählen Sie DICOM-, NIfTI-, PNG-, JPEG- oder TIFF-Dateien oder einen Ordner oder ein ZIP-Archiv, das welche enthält.</translation>
    </message>
    <message>
        <source>The box does not lie on the image.</source>
        <translation>Der Rahmen liegt nicht auf dem Bild.</translation>
    </message>
    <message>
        <source>Draw it over the image.</source>
        <translation>Zeichnen Sie ihn über das Bild.</translation>
    </message>
    <message>
        <source>No image is open to draw on.</source>
        <translation>Es ist kein Bild zum Zeichnen geöffnet.</translation>
    </message>
    <message>
        <source>The defaults are used; delete the file if it stays so.</source>
        <translation>Es gelten die Standardwerte; löschen Sie die Datei, wenn es so bleibt.</translation>
    </message>
    <message>
        <source>The answers are about another slice.</source>
        <translation>Die Antworten betreffen eine andere Schicht.</translation>
    </message>
    <message>
        <source>Go back to it, or ask again.</source>
        <translation>Gehen Sie zu ihr zurück, oder fragen Sie neu.</translation>
    </message>
    <message>
        <source>The settings at {path} could not be read: {problem}.</source>
        <translation>Die Einstellungen in {path} konnten nicht gelesen werden: {problem}.</translation>
    </message>
</context>
<context>
    <name>EvalFields</name>
    <message>
        <source>Annotated sets</source>
        <translation>Annotierte Sätze</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Name of the set</source>
        <translation>Name des Satzes</translation>
    </message>
    <message>
        <source>name, as in the report</source>
        <translation>Name, wie im Bericht</translation>
    </message>
    <message>
        <source>Folder of the set</source>
        <translation>Ordner des Satzes</translation>
    </message>
    <message>
        <source>images/ and annotations.csv, or a built dataset</source>
        <translation>images/ und annotations.csv, oder ein erstellter Datensatz</translation>
    </message>
    <message>
        <source>Add set</source>
        <translation>Satz hinzufügen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove the chosen set</source>
        <translation>Den gewählten Satz entfernen</translation>
    </message>
    <message>
        <source>Normal phantoms</source>
        <translation>Normale Phantome</translation>
    </message>
    <message>
        <source>Model folder</source>
        <translation>Modellordner</translation>
    </message>
    <message>
        <source>the built-in model</source>
        <translation>das eingebaute Modell</translation>
    </message>
    <message>
        <source>Part of each set</source>
        <translation>Teil jedes Satzes</translation>
    </message>
    <message>
        <source>Test side</source>
        <translation>Testseite</translation>
    </message>
    <message>
        <source>Train side</source>
        <translation>Trainingsseite</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>Images of each set</source>
        <translation>Bilder je Satz</translation>
    </message>
    <message>
        <source>Evaluation folder</source>
        <translation>Ordner der Auswertung</translation>
    </message>
    <message>
        <source>where answers and report go</source>
        <translation>für Antworten und Bericht</translation>
    </message>
    <message>
        <source>Normal phantoms, synthetic</source>
        <translation>Normale Phantome, synthetisch</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Evaluation</source>
        <translation>Auswertung</translation>
    </message>
</context>
<context>
    <name>EvalForm</name>
    <message>
        <source>There is nothing to ask about.</source>
        <translation>Es gibt nichts zu fragen.</translation>
    </message>
    <message>
        <source>Add an annotated set, or some normal phantoms.</source>
        <translation>Fügen Sie einen annotierten Satz oder einige normale Phantome hinzu.</translation>
    </message>
    <message>
        <source>The evaluation has no folder.</source>
        <translation>Die Auswertung hat keinen Ordner.</translation>
    </message>
    <message>
        <source>Choose where answers and report go.</source>
        <translation>Wählen Sie, wohin Antworten und Bericht kommen.</translation>
    </message>
</context>
<context>
    <name>EvaluatePage</name>
    <message>
        <source>Set</source>
        <translation>Satz</translation>
    </message>
    <message>
        <source>Class named [95 %]</source>
        <translation>Klasse genannt [95 %]</translation>
    </message>
    <message>
        <source>Mean IoU [95 %]</source>
        <translation>Mittlere IoU [95 %]</translation>
    </message>
    <message>
        <source>IoU &gt; .5</source>
        <translation>IoU &gt; .5</translation>
    </message>
    <message>
        <source>Parsable</source>
        <translation>Lesbar</translation>
    </message>
    <message>
        <source>Controls</source>
        <translation>Kontrollen</translation>
    </message>
    <message>
        <source>False alarms [95 %]</source>
        <translation>Fehlalarme [95 %]</translation>
    </message>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Ask the model about these sets, or go on asking</source>
        <translation>Das Modell nach diesen Sätzen fragen oder damit fortfahren</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message>
        <source>Stop; the answers so far are kept</source>
        <translation>Anhalten; die bisherigen Antworten bleiben</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Show what lies in the evaluation folder</source>
        <translation>Zeigen, was im Ordner der Auswertung liegt</translation>
    </message>
    <message>
        <source>No evaluation is open</source>
        <translation>Keine Auswertung geöffnet</translation>
    </message>
    <message>
        <source>No answer is chosen</source>
        <translation>Keine Antwort gewählt</translation>
    </message>
    <message>
        <source>Choose a line of the table.</source>
        <translation>Wählen Sie eine Zeile der Tabelle.</translation>
    </message>
    <message>
        <source>Scores</source>
        <translation>Ergebnisse</translation>
    </message>
    <message>
        <source>The answer</source>
        <translation>Die Antwort</translation>
    </message>
    <message>
        <source>{name}: not evaluated yet</source>
        <translation>{name}: noch nicht ausgewertet</translation>
    </message>
    <message>
        <source>{name}: asking</source>
        <translation>{name}: wird gefragt</translation>
    </message>
    <message>
        <source>Stopping; the answers so far are kept</source>
        <translation>Wird angehalten; die bisherigen Antworten bleiben</translation>
    </message>
    <message>
        <source>End at once</source>
        <translation>Sofort beenden</translation>
    </message>
    <message>
        <source>about {seconds} s</source>
        <translation>etwa {seconds} s</translation>
    </message>
    <message>
        <source>evaluated</source>
        <translation>ausgewertet</translation>
    </message>
    <message>
        <source>stopped; Start goes on from there</source>
        <translation>angehalten; Starten macht dort weiter</translation>
    </message>
    <message>
        <source>stopped by an error</source>
        <translation>durch einen Fehler angehalten</translation>
    </message>
    <message>
        <source>Reading the evaluation</source>
        <translation>Auswertung wird gelesen</translation>
    </message>
    <message>
        <source>{name}: evaluated</source>
        <translation>{name}: ausgewertet</translation>
    </message>
    <message>
        <source>{name} ({digest}), {device}; {part} part; “{question}”</source>
        <translation>{name} ({digest}), {device}; Teil {part}; „{question}“</translation>
    </message>
    <message>
        <source>Add the folder of {names} to see its answers beside the truth.</source>
        <translation>Fügen Sie den Ordner von {names} hinzu, um die Antworten neben der Wahrheit zu sehen.</translation>
    </message>
    <message numerus="yes">
        <source>%n image(s) could not be opened and are in no figure.</source>
        <translation>
            <numerusform>%n Bild konnte nicht geöffnet werden und steht in keiner Zahl.</numerusform>
            <numerusform>%n Bilder konnten nicht geöffnet werden und stehen in keiner Zahl.</numerusform>
        </translation>
    </message>
    <message>
        <source>Mean IoU of the same answers against other images&apos; truths, and of one fixed box.</source>
        <translation>Mittlere IoU derselben Antworten gegen die Wahrheiten anderer Bilder und die eines festen Rahmens.</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>true, dashed:</source>
        <translation>wahr, gestrichelt:</translation>
    </message>
    <message>
        <source>answered:</source>
        <translation>geantwortet:</translation>
    </message>
    <message>
        <source>Reading the picture</source>
        <translation>Bild wird gelesen</translation>
    </message>
    <message>
        <source>no class</source>
        <translation>keine Klasse</translation>
    </message>
    <message>
        <source>This image is not at hand</source>
        <translation>Dieses Bild liegt nicht vor</translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
</context>
<context>
    <name>Everywhere</name>
    <message>
        <source>Research use only. Not a medical device.</source>
        <translation>Nur für Forschungszwecke. Kein Medizinprodukt.</translation>
    </message>
</context>
<context>
    <name>ExchangeCard</name>
    <message>
        <source>Copy answer</source>
        <translation>Antwort kopieren</translation>
    </message>
    <message>
        <source>Edit question and ask again</source>
        <translation>Frage ändern und neu stellen</translation>
    </message>
    <message>
        <source>Ask again</source>
        <translation>Neu fragen</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>This slice ({frame})</source>
        <translation>Diese Schicht ({frame})</translation>
    </message>
    <message>
        <source>Every slice with findings ({count})</source>
        <translation>Jede Schicht mit Befunden ({count})</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Name of the files</source>
        <translation>Name der Dateien</translation>
    </message>
    <message>
        <source>Read by</source>
        <translation>Befundet von</translation>
    </message>
    <message>
        <source>may stay empty; it is written into the files</source>
        <translation>darf leer bleiben; wird in die Dateien geschrieben</translation>
    </message>
    <message>
        <source>Browse…</source>
        <translation>Durchsuchen…</translation>
    </message>
    <message>
        <source>Choose the folder</source>
        <translation>Ordner wählen</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message numerus="yes">
        <source>%n finding(s)</source>
        <translation>
            <numerusform>%n Befund</numerusform>
            <numerusform>%n Befunde</numerusform>
        </translation>
    </message>
    <message>
        <source>no model</source>
        <translation>keinem Modell</translation>
    </message>
    <message>
        <source>{found} on this slice, from {models}. Each file names the model with its hash, the question and the date, and says: {research_use} A file of the same name is replaced. The files hold what the image&apos;s own file says of the patient where their form requires it (DICOM).</source>
        <translation>{found} auf dieser Schicht, von {models}. Jede Datei nennt das Modell mit Prüfsumme, die Frage und das Datum und sagt: {research_use} Eine Datei gleichen Namens wird ersetzt. Die Dateien enthalten, was die Bilddatei über den Patienten sagt, wo ihre Form es verlangt (DICOM).</translation>
    </message>
    <message>
        <source>Export to</source>
        <translation>Exportieren nach</translation>
    </message>
</context>
<context>
    <name>ExportForms</name>
    <message>
        <source>report as PDF</source>
        <translation>Bericht als PDF</translation>
    </message>
    <message>
        <source>DICOM structured report (TID 1500)</source>
        <translation>DICOM Structured Report (TID 1500)</translation>
    </message>
    <message>
        <source>DICOM presentation state</source>
        <translation>DICOM Presentation State</translation>
    </message>
    <message>
        <source>DICOM parametric map of the attention</source>
        <translation>DICOM Parametric Map der Aufmerksamkeit</translation>
    </message>
    <message>
        <source>COCO boxes</source>
        <translation>COCO-Rahmen</translation>
    </message>
    <message>
        <source>umed&apos;s own JSON, with everything</source>
        <translation>eigenes JSON von umed, mit allem</translation>
    </message>
    <message>
        <source>picture with the boxes</source>
        <translation>Bild mit den Rahmen</translation>
    </message>
    <message>
        <source>picture of the attention</source>
        <translation>Bild der Aufmerksamkeit</translation>
    </message>
</context>
<context>
    <name>Exporting</name>
    <message>
        <source>No image is open to export.</source>
        <translation>Es ist kein Bild zum Exportieren geöffnet.</translation>
    </message>
    <message>
        <source>Open a file or a folder first.</source>
        <translation>Öffnen Sie zuerst eine Datei oder einen Ordner.</translation>
    </message>
    <message>
        <source>click a word of the answer first</source>
        <translation>zuerst ein Wort der Antwort anklicken</translation>
    </message>
    <message>
        <source>the image is no DICOM file</source>
        <translation>das Bild ist keine DICOM-Datei</translation>
    </message>
    <message>
        <source>there is no finding</source>
        <translation>es gibt keinen Befund</translation>
    </message>
    <message>
        <source>Exporting</source>
        <translation>Export</translation>
    </message>
    <message>
        <source>1 file was written to {folder}.</source>
        <translation>1 Datei wurde nach {folder} geschrieben.</translation>
    </message>
    <message>
        <source>{count} files were written to {folder}.</source>
        <translation>{count} Dateien wurden nach {folder} geschrieben.</translation>
    </message>
    <message>
        <source>{count} more could not be written.</source>
        <translation>{count} weitere konnten nicht geschrieben werden.</translation>
    </message>
    <message>
        <source>Not the {form}: {problem}</source>
        <translation>Nicht geschrieben: {form}. {problem}</translation>
    </message>
</context>
<context>
    <name>FindingsPanel</name>
    <message>
        <source>Where the finding comes from</source>
        <translation>Woher der Befund stammt</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Finding</source>
        <translation>Befund</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Slice</source>
        <translation>Schicht</translation>
    </message>
    <message>
        <source>Place</source>
        <translation>Ort</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>Accept</source>
        <translation>Annehmen</translation>
    </message>
    <message>
        <source>Reject</source>
        <translation>Ablehnen</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Klasse</translation>
    </message>
    <message>
        <source>Draw</source>
        <translation>Zeichnen</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>FINDINGS</source>
        <translation>BEFUNDE</translation>
    </message>
    <message>
        <source>Draw a box by hand</source>
        <translation>Rahmen von Hand zeichnen</translation>
    </message>
    <message>
        <source>Change the class of the selected finding</source>
        <translation>Klasse des gewählten Befunds ändern</translation>
    </message>
    <message>
        <source>Accept the selected box</source>
        <translation>Gewählten Rahmen annehmen</translation>
    </message>
    <message>
        <source>Reject the selected box</source>
        <translation>Gewählten Rahmen ablehnen</translation>
    </message>
    <message>
        <source>Delete the selected finding</source>
        <translation>Gewählten Befund löschen</translation>
    </message>
    <message>
        <source>Choose a finding to see where it comes from.</source>
        <translation>Wählen Sie einen Befund, um zu sehen, woher er stammt.</translation>
    </message>
</context>
<context>
    <name>FolderField</name>
    <message>
        <source>Choose: {what}</source>
        <translation>Wählen: {what}</translation>
    </message>
</context>
<context>
    <name>ImageChips</name>
    <message>
        <source>{number}  {title}, slice {slice}</source>
        <translation>{number}  {title}, Schicht {slice}</translation>
    </message>
    <message>
        <source>Show image {words}</source>
        <translation>Bild {words} zeigen</translation>
    </message>
    <message>
        <source>{words}: show it</source>
        <translation>{words}: zeigen</translation>
    </message>
</context>
<context>
    <name>ImageView</name>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Left drag: window and level. Middle: pan. Right: zoom. Wheel: slice.</source>
        <translation>Links ziehen: Fensterung. Mitte: verschieben. Rechts: Zoom. Rad: Schicht.</translation>
    </message>
</context>
<context>
    <name>ImportDialog</name>
    <message>
        <source>Date</source>
        <translation>Datum</translation>
    </message>
    <message>
        <source>Patient</source>
        <translation>Patient</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>Nummer</translation>
    </message>
    <message>
        <source>Modality</source>
        <translation>Modalität</translation>
    </message>
    <message>
        <source>Description</source>
        <translation>Beschreibung</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Import from an archive</source>
        <translation>Aus einem Archiv importieren</translation>
    </message>
    <message>
        <source>Patient&apos;s name</source>
        <translation>Name des Patienten</translation>
    </message>
    <message>
        <source>Doe*</source>
        <translation>Muster*</translation>
    </message>
    <message>
        <source>Patient&apos;s number</source>
        <translation>Patienten-ID</translation>
    </message>
    <message>
        <source>From</source>
        <translation>Von</translation>
    </message>
    <message>
        <source>YYYY-MM-DD</source>
        <translation>JJJJ-MM-TT</translation>
    </message>
    <message>
        <source>To</source>
        <translation>Bis</translation>
    </message>
    <message>
        <source>any</source>
        <translation>jede</translation>
    </message>
    <message>
        <source>Accession number</source>
        <translation>Auftragsnummer</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Studies that were found</source>
        <translation>Gefundene Untersuchungen</translation>
    </message>
    <message>
        <source>Folder to keep it in</source>
        <translation>Ordner zum Ablegen</translation>
    </message>
    <message>
        <source>Get and open</source>
        <translation>Holen und öffnen</translation>
    </message>
    <message>
        <source>Keep in</source>
        <translation>Ablegen in</translation>
    </message>
    <message>
        <source>{done} of {total} files received</source>
        <translation>{done} von {total} Dateien empfangen</translation>
    </message>
    <message numerus="yes">
        <source>%n study(ies).</source>
        <translation>
            <numerusform>%n Untersuchung.</numerusform>
            <numerusform>%n Untersuchungen.</numerusform>
        </translation>
    </message>
    <message>
        <source>No study matches.</source>
        <translation>Keine Untersuchung passt.</translation>
    </message>
    <message>
        <source>There may be more than these {limit}: search for less.</source>
        <translation>Es kann mehr als diese {limit} geben: Grenzen Sie die Suche ein.</translation>
    </message>
    <message>
        <source>Series {number}</source>
        <translation>Serie {number}</translation>
    </message>
    <message>
        <source>{done} files received</source>
        <translation>{done} Dateien empfangen</translation>
    </message>
    <message>
        <source>Cancelled. Nothing was kept.</source>
        <translation>Abgebrochen. Nichts wurde abgelegt.</translation>
    </message>
</context>
<context>
    <name>JobBar</name>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>{done} of {total}</source>
        <translation>{done} von {total}</translation>
    </message>
    <message>
        <source>, {time} left</source>
        <translation>, noch {time}</translation>
    </message>
</context>
<context>
    <name>JobLog</name>
    <message>
        <source>Stopped; what was done is kept.</source>
        <translation>Angehalten; das Erledigte bleibt.</translation>
    </message>
    <message>
        <source>What was done is kept; go on from there.</source>
        <translation>Das Erledigte bleibt; machen Sie dort weiter.</translation>
    </message>
    <message>
        <source>The process was ended by signal 9, perhaps for want of memory.</source>
        <translation>Der Prozess wurde durch Signal 9 beendet, vielleicht aus Speichermangel.</translation>
    </message>
    <message>
        <source>The process was ended by signal {number}.</source>
        <translation>Der Prozess wurde durch Signal {number} beendet.</translation>
    </message>
    <message>
        <source>The process ended without saying why.</source>
        <translation>Der Prozess endete, ohne zu sagen, warum.</translation>
    </message>
    <message>
        <source>Its last line: &quot;{line}&quot;</source>
        <translation>Seine letzte Zeile: „{line}“</translation>
    </message>
</context>
<context>
    <name>KeptPanel</name>
    <message>
        <source>Clear…</source>
        <translation>Leeren…</translation>
    </message>
    <message>
        <source>Clear: {what}</source>
        <translation>Leeren: {what}</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>Leeren</translation>
    </message>
</context>
<context>
    <name>Kinds</name>
    <message>
        <source>Length</source>
        <translation>Länge</translation>
    </message>
    <message>
        <source>Angle</source>
        <translation>Winkel</translation>
    </message>
    <message>
        <source>Ellipse</source>
        <translation>Ellipse</translation>
    </message>
    <message>
        <source>Rectangle</source>
        <translation>Rechteck</translation>
    </message>
    <message>
        <source>Probe</source>
        <translation>Pixelwert</translation>
    </message>
</context>
<context>
    <name>Legend</name>
    <message>
        <source>Slice {number} / {count}</source>
        <translation>Schicht {number} / {count}</translation>
    </message>
</context>
<context>
    <name>LibraryWiring</name>
    <message>
        <source>Nothing is remembered in this window.</source>
        <translation>In diesem Fenster wird nichts behalten.</translation>
    </message>
    <message>
        <source>Looking through {folder}…</source>
        <translation>{folder} wird durchgesehen…</translation>
    </message>
    <message>
        <source>{folder}: {read} files read, {known} unchanged, {gone} gone; {refused} hold no image.</source>
        <translation>{folder}: {read} Dateien gelesen, {known} unverändert, {gone} verschwunden; {refused} ohne Bild.</translation>
    </message>
    <message>
        <source>Indexing was stopped. What was read is kept.</source>
        <translation>Die Indizierung wurde angehalten. Das Gelesene bleibt.</translation>
    </message>
    <message>
        <source>about {seconds} s left</source>
        <translation>noch etwa {seconds} s</translation>
    </message>
    <message>
        <source>about {minutes} min left</source>
        <translation>noch etwa {minutes} min</translation>
    </message>
</context>
<context>
    <name>LogsDialog</name>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Last lines of the log</source>
        <translation>Letzte Zeilen des Protokolls</translation>
    </message>
    <message>
        <source>Nothing was logged yet.</source>
        <translation>Noch nichts protokolliert.</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy the last {count} lines</source>
        <translation>Die letzten {count} Zeilen kopieren</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Open the log&apos;s folder</source>
        <translation>Ordner des Protokolls öffnen</translation>
    </message>
    <message>
        <source>This window remembers nothing and keeps no log.</source>
        <translation>Dieses Fenster merkt sich nichts und führt kein Protokoll.</translation>
    </message>
    <message>
        <source>Errors by their kind and the lines of umed that raised them. It names no patient and no file.</source>
        <translation>Fehler nach ihrer Art und den Zeilen von umed, in denen sie auftraten. Es nennt weder Patient noch Datei.</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Getting ready</source>
        <translation>Vorbereitung</translation>
    </message>
    <message>
        <source>Looking through files</source>
        <translation>Dateien werden durchgesehen</translation>
    </message>
    <message>
        <source>Choose model…</source>
        <translation>Modell wählen…</translation>
    </message>
    <message>
        <source>Restart model</source>
        <translation>Modell neu starten</translation>
    </message>
    <message>
        <source>{preset} is a window in HU; this image is not in HU.</source>
        <translation>{preset} ist ein Fenster in HU; dieses Bild ist nicht in HU.</translation>
    </message>
    <message>
        <source>{job}: {done} of {total}</source>
        <translation>{job}: {done} von {total}</translation>
    </message>
</context>
<context>
    <name>MeasurementsPanel</name>
    <message>
        <source>Measurements</source>
        <translation>Messungen</translation>
    </message>
    <message>
        <source>Measurement</source>
        <translation>Messung</translation>
    </message>
    <message>
        <source>Slice</source>
        <translation>Schicht</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>Wert</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Delete the selected measurement</source>
        <translation>Gewählte Messung löschen</translation>
    </message>
    <message>
        <source>MEASUREMENTS</source>
        <translation>MESSUNGEN</translation>
    </message>
</context>
<context>
    <name>MeasuringDesk</name>
    <message>
        <source>The measurements are not saved: {problem}</source>
        <translation>Die Messungen sind nicht gespeichert: {problem}</translation>
    </message>
    <message>
        <source>{hint} umed tries again every few seconds.</source>
        <translation>{hint} umed versucht es alle paar Sekunden wieder.</translation>
    </message>
</context>
<context>
    <name>ModelPanel</name>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>Laden</translation>
    </message>
    <message>
        <source>Unload</source>
        <translation>Entladen</translation>
    </message>
    <message>
        <source>Unload: frees the model&apos;s memory</source>
        <translation>Entladen: gibt den Speicher des Modells frei</translation>
    </message>
    <message>
        <source>Restart</source>
        <translation>Neu starten</translation>
    </message>
    <message>
        <source>Restart the model; the conversation is kept</source>
        <translation>Das Modell neu starten; das Gespräch bleibt</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>Wählen…</translation>
    </message>
    <message>
        <source>Choose a model folder</source>
        <translation>Modellordner wählen</translation>
    </message>
    <message>
        <source>Built-in model</source>
        <translation>Eingebautes Modell</translation>
    </message>
    <message>
        <source>What it needs</source>
        <translation>Was es braucht</translation>
    </message>
    <message>
        <source>What runs</source>
        <translation>Was läuft</translation>
    </message>
    <message>
        <source>About the model</source>
        <translation>Über das Modell</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>ModelReport</name>
    <message>
        <source>{tokens} tokens, {image} of them an image</source>
        <translation>{tokens} Token, davon {image} für ein Bild</translation>
    </message>
    <message>
        <source>{tokens} (assumed: its files do not say)</source>
        <translation>{tokens} (angenommen: seine Dateien sagen es nicht)</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>On disk</source>
        <translation>Auf der Platte</translation>
    </message>
    <message>
        <source>Memory, CPU</source>
        <translation>Speicher, CPU</translation>
    </message>
    <message>
        <source>Memory, CUDA</source>
        <translation>Speicher, CUDA</translation>
    </message>
    <message>
        <source>For a question of</source>
        <translation>Für eine Frage von</translation>
    </message>
    <message>
        <source>Free here</source>
        <translation>Hier frei</translation>
    </message>
    <message>
        <source>{free} of {total}</source>
        <translation>{free} von {total}</translation>
    </message>
    <message>
        <source>Free on the GPU</source>
        <translation>Auf der GPU frei</translation>
    </message>
    <message>
        <source>CUDA is chosen in the settings, and this machine shows no CUDA device.</source>
        <translation>In den Einstellungen ist CUDA gewählt, doch dieser Rechner zeigt kein CUDA-Gerät.</translation>
    </message>
    <message>
        <source>on the GPU</source>
        <translation>auf der GPU</translation>
    </message>
    <message>
        <source>in memory</source>
        <translation>im Speicher</translation>
    </message>
    <message>
        <source>It will not fit: about {need} are needed {place}, and {free} are free.</source>
        <translation>Es wird nicht passen: Etwa {need} werden {place} gebraucht, und {free} sind frei.</translation>
    </message>
    <message>
        <source>It will not fit: about {need} are needed, and a model may take {allowed} of this machine.</source>
        <translation>Es wird nicht passen: Etwa {need} werden gebraucht, und ein Modell darf {allowed} dieses Rechners belegen.</translation>
    </message>
    <message>
        <source>not told by the model</source>
        <translation>vom Modell nicht angegeben</translation>
    </message>
    <message>
        <source>{memory} more than before it was loaded</source>
        <translation>{memory} mehr als vor dem Laden</translation>
    </message>
    <message>
        <source>Runs on</source>
        <translation>Läuft auf</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Engine</translation>
    </message>
    <message>
        <source>Loaded in</source>
        <translation>Geladen in</translation>
    </message>
    <message>
        <source>{seconds:.1f} s</source>
        <translation>{seconds:.1f} s</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>SHA-256</source>
        <translation>SHA-256</translation>
    </message>
    <message>
        <source>Classes</source>
        <translation>Klassen</translation>
    </message>
    <message>
        <source>CUDA was asked for, but the model runs on the CPU: answers take much longer.</source>
        <translation>CUDA war verlangt, aber das Modell läuft auf der CPU: Antworten dauern viel länger.</translation>
    </message>
    <message>
        <source>The model runs on the CPU. {gpu} is not used: this installation has no runtime for it.</source>
        <translation>Das Modell läuft auf der CPU. {gpu} wird nicht genutzt: Diese Installation hat keine Laufzeit dafür.</translation>
    </message>
    <message>
        <source>about {total}: weights {weights}, cache {cache}, work {work}, runtime {runtime}</source>
        <translation>etwa {total}: Gewichte {weights}, Cache {cache}, Arbeit {work}, Laufzeit {runtime}</translation>
    </message>
    <message>
        <source>{count} billion</source>
        <translation>{count} Milliarden</translation>
    </message>
    <message>
        <source>{count} million</source>
        <translation>{count} Millionen</translation>
    </message>
</context>
<context>
    <name>ModelWiring</name>
    <message>
        <source>Looking at the model</source>
        <translation>Modell wird angesehen</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Not loaded yet: this is what it would take.</source>
        <translation>Noch nicht geladen: So viel würde es brauchen.</translation>
    </message>
    <message>
        <source>Loaded, in a process of its own.</source>
        <translation>Geladen, in einem eigenen Prozess.</translation>
    </message>
    <message>
        <source>Being loaded…</source>
        <translation>Wird geladen…</translation>
    </message>
    <message>
        <source>It stopped. Restart it; the conversation is kept.</source>
        <translation>Es hat angehalten. Starten Sie es neu; das Gespräch bleibt.</translation>
    </message>
    <message>
        <source>Not loaded. A question loads it.</source>
        <translation>Nicht geladen. Eine Frage lädt es.</translation>
    </message>
    <message>
        <source>Choose a model folder</source>
        <translation>Modellordner wählen</translation>
    </message>
</context>
<context>
    <name>NodesDialog</name>
    <message>
        <source>Archives</source>
        <translation>Archive</translation>
    </message>
    <message>
        <source>Archives that are written down</source>
        <translation>Eingetragene Archive</translation>
    </message>
    <message>
        <source>New archive</source>
        <translation>Neues Archiv</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Nothing connects until you press Test, or import or send something.</source>
        <translation>Nichts wird verbunden, bis Sie „Testen“ drücken oder etwas importieren oder senden.</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>what you call it: letters, digits, - and _</source>
        <translation>wie Sie es nennen: Buchstaben, Ziffern, - und _</translation>
    </message>
    <message>
        <source>Speaks</source>
        <translation>Spricht</translation>
    </message>
    <message>
        <source>Host</source>
        <translation>Rechner</translation>
    </message>
    <message>
        <source>Port</source>
        <translation>Port</translation>
    </message>
    <message>
        <source>AE title</source>
        <translation>AE-Titel</translation>
    </message>
    <message>
        <source>Our AE title</source>
        <translation>Unser AE-Titel</translation>
    </message>
    <message>
        <source>Studies come by</source>
        <translation>Untersuchungen kommen per</translation>
    </message>
    <message>
        <source>C-GET: over our own connection</source>
        <translation>C-GET: über unsere eigene Verbindung</translation>
    </message>
    <message>
        <source>C-MOVE: the archive connects to us</source>
        <translation>C-MOVE: das Archiv verbindet sich mit uns</translation>
    </message>
    <message>
        <source>Listen on</source>
        <translation>Empfangen auf</translation>
    </message>
    <message>
        <source>an address of this machine</source>
        <translation>eine Adresse dieses Rechners</translation>
    </message>
    <message>
        <source>Listening port</source>
        <translation>Empfangsport</translation>
    </message>
    <message>
        <source>Address</source>
        <translation>Adresse</translation>
    </message>
    <message>
        <source>Knows us by</source>
        <translation>Kennt uns durch</translation>
    </message>
    <message>
        <source>user and password</source>
        <translation>Benutzer und Kennwort</translation>
    </message>
    <message>
        <source>User</source>
        <translation>Benutzer</translation>
    </message>
    <message>
        <source>Password or token</source>
        <translation>Kennwort oder Token</translation>
    </message>
    <message>
        <source>kept in the system&apos;s keyring, never in a file</source>
        <translation>im Schlüsselbund des Systems, nie in einer Datei</translation>
    </message>
    <message>
        <source>Encrypt with TLS</source>
        <translation>Mit TLS verschlüsseln</translation>
    </message>
    <message>
        <source>CA file</source>
        <translation>CA-Datei</translation>
    </message>
    <message>
        <source>PEM; empty: the system&apos;s authorities</source>
        <translation>PEM; leer: die Zertifizierungsstellen des Systems</translation>
    </message>
    <message>
        <source>Our certificate</source>
        <translation>Unser Zertifikat</translation>
    </message>
    <message>
        <source>PEM; empty: none</source>
        <translation>PEM; leer: keins</translation>
    </message>
    <message>
        <source>Its key</source>
        <translation>Sein Schlüssel</translation>
    </message>
    <message>
        <source>PEM, not encrypted</source>
        <translation>PEM, unverschlüsselt</translation>
    </message>
    <message>
        <source>The certificate must name this host</source>
        <translation>Das Zertifikat muss diesen Rechner nennen</translation>
    </message>
    <message>
        <source>Test</source>
        <translation>Testen</translation>
    </message>
    <message>
        <source>Ask the archive whether it is there</source>
        <translation>Das Archiv fragen, ob es da ist</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>NoticeBar</name>
    <message>
        <source>Do something about it</source>
        <translation>Etwas dagegen tun</translation>
    </message>
    <message>
        <source>Close message</source>
        <translation>Meldung schließen</translation>
    </message>
</context>
<context>
    <name>Numbers</name>
    <message>
        <source>,</source>
        <translation>&#x202f;</translation>
    </message>
    <message>
        <source>{count} bytes</source>
        <translation>{count} Byte</translation>
    </message>
</context>
<context>
    <name>OpeningWiring</name>
    <message>
        <source>Open &amp;recent</source>
        <translation>Zuletzt &amp;geöffnet</translation>
    </message>
    <message>
        <source>Nothing was opened yet</source>
        <translation>Noch nichts geöffnet</translation>
    </message>
    <message>
        <source>&amp;Clear the list</source>
        <translation>Liste &amp;leeren</translation>
    </message>
    <message>
        <source>Looking for recent studies</source>
        <translation>Zuletzt Geöffnetes wird gesucht</translation>
    </message>
    <message>
        <source>may not be read by you</source>
        <translation>dürfen Sie nicht lesen</translation>
    </message>
    <message>
        <source>not there any more</source>
        <translation>nicht mehr da</translation>
    </message>
    <message>
        <source>1 file was not opened.</source>
        <translation>1 Datei wurde nicht geöffnet.</translation>
    </message>
    <message>
        <source>{count} files were not opened.</source>
        <translation>{count} Dateien wurden nicht geöffnet.</translation>
    </message>
    <message>
        <source>Show why…</source>
        <translation>Warum…</translation>
    </message>
</context>
<context>
    <name>Outcome</name>
    <message>
        <source>{dataset}, line {line}</source>
        <translation>{dataset}, Zeile {line}</translation>
    </message>
    <message>
        <source>{dataset}: {train} train, {test} test images of {train_groups} groups</source>
        <translation>{dataset}: {train} Trainings-, {test} Testbilder aus {train_groups} Gruppen</translation>
    </message>
    <message>
        <source>{train} records to train on, {test} to test on; written by {teacher}</source>
        <translation>{train} Einträge zum Trainieren, {test} zum Testen; geschrieben von {teacher}</translation>
    </message>
</context>
<context>
    <name>PageBar</name>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>Page: {title}</source>
        <translation>Seite: {title}</translation>
    </message>
</context>
<context>
    <name>PdfReport</name>
    <message>
        <source>proposed by the model, not reviewed</source>
        <translation>vom Modell vorgeschlagen, nicht geprüft</translation>
    </message>
    <message>
        <source>accepted by a person</source>
        <translation>von einer Person angenommen</translation>
    </message>
    <message>
        <source>changed by a person</source>
        <translation>von einer Person geändert</translation>
    </message>
    <message>
        <source>added by hand</source>
        <translation>von Hand ergänzt</translation>
    </message>
    <message>
        <source>, slice {frame} of {frame_count}</source>
        <translation>, Schicht {frame} von {frame_count}</translation>
    </message>
    <message>
        <source>Rejected and left out: {count}.</source>
        <translation>Abgelehnt und ausgelassen: {count}.</translation>
    </message>
    <message>
        <source>Read by {reader}.</source>
        <translation>Befundet von {reader}.</translation>
    </message>
    <message>
        <source>weights</source>
        <translation>Gewichte</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Answers</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>None.</source>
        <translation>Keine.</translation>
    </message>
    <message>
        <source>by hand</source>
        <translation>von Hand</translation>
    </message>
    <message>
        <source>Class</source>
        <translation>Klasse</translation>
    </message>
    <message>
        <source>Box</source>
        <translation>Rahmen</translation>
    </message>
    <message>
        <source>Status</source>
        <translation>Status</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>(stopped)</source>
        <translation>(angehalten)</translation>
    </message>
    <message>
        <source>Asked about the images {names}</source>
        <translation>Gefragt zu den Bildern {names}</translation>
    </message>
    <message>
        <source>umed {version}, {written}, page {page} of {pages}</source>
        <translation>umed {version}, {written}, Seite {page} von {pages}</translation>
    </message>
</context>
<context>
    <name>Presenting</name>
    <message>
        <source>Not reviewed</source>
        <translation>Nicht geprüft</translation>
    </message>
    <message>
        <source>Accepted</source>
        <translation>Angenommen</translation>
    </message>
    <message>
        <source>Edited</source>
        <translation>Geändert</translation>
    </message>
    <message>
        <source>Rejected</source>
        <translation>Abgelehnt</translation>
    </message>
    <message>
        <source>Added by hand</source>
        <translation>Von Hand ergänzt</translation>
    </message>
    <message>
        <source>asked {when}: “{question}”</source>
        <translation>gefragt {when}: „{question}“</translation>
    </message>
    <message>
        <source>written: {label}</source>
        <translation>geschrieben: {label}</translation>
    </message>
    <message>
        <source>no class</source>
        <translation>keine Klasse</translation>
    </message>
    <message>
        <source>Slice {frame}</source>
        <translation>Schicht {frame}</translation>
    </message>
    <message>
        <source>Open an image to ask about it.</source>
        <translation>Öffnen Sie ein Bild, um danach zu fragen.</translation>
    </message>
    <message>
        <source>Ask about what you see. Click a word of the answer to see where the model looked.</source>
        <translation>Fragen Sie nach dem, was Sie sehen. Klicken Sie ein Wort der Antwort an, um zu sehen, wohin das Modell gesehen hat.</translation>
    </message>
    <message>
        <source>{model} runs on {device} by {engine}, {memory_mb} MiB, loaded in {seconds:.1f} s.
SHA-256 {sha256}</source>
        <translation>{model} läuft auf {device} mit {engine}, {memory_mb} MiB, geladen in {seconds:.1f} s.
SHA-256 {sha256}</translation>
    </message>
    <message>
        <source>Loading the model…</source>
        <translation>Modell wird geladen…</translation>
    </message>
    <message>
        <source>The model is being loaded in its own process.</source>
        <translation>Das Modell wird in einem eigenen Prozess geladen.</translation>
    </message>
    <message>
        <source>Model stopped</source>
        <translation>Modell angehalten</translation>
    </message>
    <message>
        <source>The model&apos;s process is gone. Click to restart it.</source>
        <translation>Der Prozess des Modells ist weg. Klicken Sie, um ihn neu zu starten.</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Click to choose a model folder.</source>
        <translation>Klicken Sie, um einen Modellordner zu wählen.</translation>
    </message>
    <message>
        <source>{count} slices</source>
        <translation>{count} Schichten</translation>
    </message>
    <message>
        <source>drawn box</source>
        <translation>gezeichneter Rahmen</translation>
    </message>
    <message>
        <source>box {number}</source>
        <translation>Rahmen {number}</translation>
    </message>
    <message>
        <source>By hand</source>
        <translation>Von Hand</translation>
    </message>
    <message>
        <source>model</source>
        <translation>Modell</translation>
    </message>
</context>
<context>
    <name>Quantities</name>
    <message>
        <source>at {x}, {y}</source>
        <translation>bei {x}, {y}</translation>
    </message>
    <message>
        <source>no measured pixel</source>
        <translation>kein gemessenes Pixel</translation>
    </message>
    <message>
        <source>mean</source>
        <translation>Mittel</translation>
    </message>
    <message>
        <source>sd</source>
        <translation>SD</translation>
    </message>
</context>
<context>
    <name>RecipeForm</name>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Recipes</source>
        <translation>Rezepte</translation>
    </message>
    <message>
        <source>File…</source>
        <translation>Datei…</translation>
    </message>
    <message>
        <source>Choose a recipe file</source>
        <translation>Rezeptdatei wählen</translation>
    </message>
    <message>
        <source>Run folder</source>
        <translation>Ordner des Laufs</translation>
    </message>
    <message>
        <source>where the run is written</source>
        <translation>wohin der Lauf geschrieben wird</translation>
    </message>
    <message>
        <source>Folder of the data sets</source>
        <translation>Ordner der Datensätze</translation>
    </message>
    <message>
        <source>as the recipe says</source>
        <translation>wie im Rezept</translation>
    </message>
    <message>
        <source>Values of the recipe, and yours</source>
        <translation>Werte des Rezepts und Ihre</translation>
    </message>
    <message>
        <source>Field</source>
        <translation>Feld</translation>
    </message>
    <message>
        <source>Yours</source>
        <translation>Ihrer</translation>
    </message>
    <message>
        <source>Other values</source>
        <translation>Andere Werte</translation>
    </message>
    <message>
        <source>The value {value} has no field.</source>
        <translation>Der Wert {value} hat kein Feld.</translation>
    </message>
    <message>
        <source>Write its name, such as optimizer.warmup_share.</source>
        <translation>Schreiben Sie seinen Namen, etwa optimizer.warmup_share.</translation>
    </message>
    <message>
        <source>The run has no folder.</source>
        <translation>Der Lauf hat keinen Ordner.</translation>
    </message>
    <message>
        <source>Choose where it is written.</source>
        <translation>Wählen Sie, wohin er geschrieben wird.</translation>
    </message>
    <message>
        <source>Stage {number}. {about}</source>
        <translation>Stufe {number}. {about}</translation>
    </message>
    <message>
        <source>Choose a recipe</source>
        <translation>Rezept wählen</translation>
    </message>
    <message>
        <source>Recipes (*.toml)</source>
        <translation>Rezepte (*.toml)</translation>
    </message>
</context>
<context>
    <name>RecordPanel</name>
    <message>
        <source>Accept</source>
        <translation>Annehmen</translation>
    </message>
    <message>
        <source>Correct</source>
        <translation>Ändern</translation>
    </message>
    <message>
        <source>Reject</source>
        <translation>Ablehnen</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>Auslassen</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Findings of the record</source>
        <translation>Befunde des Eintrags</translation>
    </message>
    <message>
        <source>Finding</source>
        <translation>Befund</translation>
    </message>
    <message>
        <source>x, y, width, height</source>
        <translation>x, y, Breite, Höhe</translation>
    </message>
    <message>
        <source>Add box</source>
        <translation>Neuer Rahmen</translation>
    </message>
    <message>
        <source>Add a box (N)</source>
        <translation>Einen Rahmen hinzufügen (N)</translation>
    </message>
    <message>
        <source>Delete box</source>
        <translation>Rahmen löschen</translation>
    </message>
    <message>
        <source>Delete the chosen box (Del)</source>
        <translation>Den gewählten Rahmen löschen (Entf)</translation>
    </message>
    <message>
        <source>Revert</source>
        <translation>Verwerfen</translation>
    </message>
    <message>
        <source>Back to the record as it was</source>
        <translation>Zurück zum Eintrag, wie er war</translation>
    </message>
    <message>
        <source>Comment</source>
        <translation>Kommentar</translation>
    </message>
    <message>
        <source>Comment, kept with the verdict</source>
        <translation>Kommentar, bleibt beim Urteil</translation>
    </message>
    <message>
        <source>{words} ({key})</source>
        <translation>{words}
({key})</translation>
    </message>
    <message>
        <source>{words} this record ({key})</source>
        <translation>Diesen Eintrag: {words} ({key})</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>Eintrag</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>Befunde</translation>
    </message>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>none: the image is called normal</source>
        <translation>keine: Das Bild gilt als normal</translation>
    </message>
    <message>
        <source>Not yet: {fault}</source>
        <translation>Noch nicht: {fault}</translation>
    </message>
</context>
<context>
    <name>RefusedDialog</name>
    <message>
        <source>Files not opened</source>
        <translation>Nicht geöffnete Dateien</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>Grund</translation>
    </message>
    <message>
        <source>All reasons ({count})</source>
        <translation>Alle Gründe ({count})</translation>
    </message>
    <message>
        <source>Words to find</source>
        <translation>Suchwörter</translation>
    </message>
    <message>
        <source>Find a name or a reason</source>
        <translation>Namen oder Grund suchen</translation>
    </message>
    <message>
        <source>&amp;Copy as text</source>
        <translation>Als Text &amp;kopieren</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>{shown} of {count} files</source>
        <translation>{shown} von {count} Dateien</translation>
    </message>
    <message>
        <source>Copied: {count} lines</source>
        <translation>Kopiert: {count} Zeilen</translation>
    </message>
</context>
<context>
    <name>RefusedTable</name>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Why it was not opened</source>
        <translation>Warum nicht geöffnet</translation>
    </message>
    <message>
        <source>What to do</source>
        <translation>Was zu tun ist</translation>
    </message>
</context>
<context>
    <name>Remembering</name>
    <message>
        <source>The session is saved again.</source>
        <translation>Die Sitzung wird wieder gespeichert.</translation>
    </message>
    <message>
        <source>Looking for a lost session</source>
        <translation>Suche nach einer verlorenen Sitzung</translation>
    </message>
    <message>
        <source>{hint} Close the window again to leave it unsaved.</source>
        <translation>{hint} Schließen Sie das Fenster noch einmal, um es ungespeichert zu lassen.</translation>
    </message>
    <message>
        <source>umed ended {tries} times while {name} was open, and does not open it again by itself.</source>
        <translation>umed endete {tries} Mal, während {name} geöffnet war, und öffnet es nicht mehr von selbst.</translation>
    </message>
    <message>
        <source>Its conversations and findings are kept: open it to have them back.</source>
        <translation>Seine Gespräche und Befunde sind erhalten: Öffnen Sie es, um sie wiederzuhaben.</translation>
    </message>
    <message>
        <source>umed ended unexpectedly. What was open is open again, with its conversations and findings.</source>
        <translation>umed endete unerwartet. Was geöffnet war, ist wieder geöffnet, mit Gesprächen und Befunden.</translation>
    </message>
    <message>
        <source>Reading the question&apos;s images</source>
        <translation>Die Bilder der Frage werden gelesen</translation>
    </message>
    <message>
        <source>Reading conversations</source>
        <translation>Gespräche werden gelesen</translation>
    </message>
    <message>
        <source>{hint} umed tries again every few seconds.</source>
        <translation>{hint} umed versucht es alle paar Sekunden wieder.</translation>
    </message>
    <message>
        <source>The session is not saved: {message}</source>
        <translation>Die Sitzung ist nicht gespeichert: {message}</translation>
    </message>
</context>
<context>
    <name>Results</name>
    <message>
        <source>Where {dataset} lies is not known here.</source>
        <translation>Wo {dataset} liegt, ist hier nicht bekannt.</translation>
    </message>
    <message>
        <source>Choose the folder of this set.</source>
        <translation>Wählen Sie den Ordner dieses Satzes.</translation>
    </message>
</context>
<context>
    <name>ReviewPage</name>
    <message>
        <source>First reading</source>
        <translation>Erste Lesung</translation>
    </message>
    <message>
        <source>Blind second reading</source>
        <translation>Verblindete Zweitlesung</translation>
    </message>
    <message>
        <source>Settle disputes</source>
        <translation>Strittiges entscheiden</translation>
    </message>
    <message>
        <source>Dataset</source>
        <translation>Datensatz</translation>
    </message>
    <message>
        <source>a folder of umed build-mau</source>
        <translation>ein Ordner von umed build-mau</translation>
    </message>
    <message>
        <source>Reviewer&apos;s name</source>
        <translation>Name des Prüfers</translation>
    </message>
    <message>
        <source>your name, as the log will keep it</source>
        <translation>Ihr Name, wie das Protokoll ihn führt</translation>
    </message>
    <message>
        <source>What to read</source>
        <translation>Was gelesen wird</translation>
    </message>
    <message>
        <source>Size of the sample</source>
        <translation>Größe der Stichprobe</translation>
    </message>
    <message>
        <source>all</source>
        <translation>alle</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Open this dataset for review</source>
        <translation>Diesen Datensatz zur Prüfung öffnen</translation>
    </message>
    <message>
        <source>Judged of this choice</source>
        <translation>Beurteilt von dieser Auswahl</translation>
    </message>
    <message>
        <source>Reviewer</source>
        <translation>Prüfer</translation>
    </message>
    <message>
        <source>Read</source>
        <translation>Lesung</translation>
    </message>
    <message>
        <source>Sample, the same for everyone</source>
        <translation>Stichprobe, für alle dieselbe</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Opening the dataset</source>
        <translation>Datensatz wird geöffnet</translation>
    </message>
    <message>
        <source>Counting verdicts</source>
        <translation>Urteile werden gezählt</translation>
    </message>
    <message>
        <source>Write the reviewed dataset to a new folder</source>
        <translation>Den geprüften Datensatz in einen neuen Ordner schreiben</translation>
    </message>
    <message>
        <source>Written to {out}.</source>
        <translation>Geschrieben nach {out}.</translation>
    </message>
    <message>
        <source>{train} to train on, {test} to test on.</source>
        <translation>{train} zum Trainieren, {test} zum Testen.</translation>
    </message>
    <message>
        <source>Writing the reviewed dataset</source>
        <translation>Geprüfter Datensatz wird geschrieben</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>Every record of this choice is judged</source>
        <translation>Jeder Eintrag dieser Auswahl ist beurteilt</translation>
    </message>
    <message>
        <source>Reading the picture</source>
        <translation>Bild wird gelesen</translation>
    </message>
    <message>
        <source>This picture could not be opened: skip it</source>
        <translation>Dieses Bild konnte nicht geöffnet werden: Lassen Sie es aus</translation>
    </message>
    <message>
        <source>{name} says {verdict}</source>
        <translation>{name} sagt: {verdict}</translation>
    </message>
    <message>
        <source>{judged} judged in this sitting, {left} left</source>
        <translation>{judged} in dieser Sitzung beurteilt, {left} übrig</translation>
    </message>
    <message>
        <source>Review a dataset</source>
        <translation>Datensatz prüfen</translation>
    </message>
    <message>
        <source>Choose the folder that umed build-mau wrote, and say who you are.</source>
        <translation>Wählen Sie den Ordner, den umed build-mau schrieb, und sagen Sie, wer Sie sind.</translation>
    </message>
    <message>
        <source>no class</source>
        <translation>keine Klasse</translation>
    </message>
</context>
<context>
    <name>SamplePicture</name>
    <message>
        <source>Sampled answer {stem}</source>
        <translation>Gezogene Antwort {stem}</translation>
    </message>
    <message>
        <source>Show it large</source>
        <translation>Groß zeigen</translation>
    </message>
</context>
<context>
    <name>Samples</name>
    <message>
        <source>Chest X-ray</source>
        <translation>Thoraxröntgen</translation>
    </message>
    <message>
        <source>A mass</source>
        <translation>Eine Raumforderung</translation>
    </message>
    <message>
        <source>Chest X-ray, TB</source>
        <translation>Thoraxröntgen, Tbc</translation>
    </message>
    <message>
        <source>Tuberculosis</source>
        <translation>Tuberkulose</translation>
    </message>
    <message>
        <source>CT of the chest</source>
        <translation>CT des Thorax</translation>
    </message>
    <message>
        <source>A lung lesion</source>
        <translation>Eine Lungenläsion</translation>
    </message>
    <message>
        <source>CT of the kidneys</source>
        <translation>CT der Nieren</translation>
    </message>
    <message>
        <source>A stone</source>
        <translation>Ein Stein</translation>
    </message>
    <message>
        <source>Endoscopy</source>
        <translation>Endoskopie</translation>
    </message>
    <message>
        <source>A polyp</source>
        <translation>Ein Polyp</translation>
    </message>
</context>
<context>
    <name>SamplesView</name>
    <message>
        <source>Stage 2 shows sampled answers here while it runs.</source>
        <translation>Stufe 2 zeigt hier im Lauf gezogene Antworten.</translation>
    </message>
    <message>
        <source>Step of the sampled answers</source>
        <translation>Schritt der gezogenen Antworten</translation>
    </message>
    <message>
        <source>Step {step}, {number} of {count}</source>
        <translation>Schritt {step}, {number} von {count}</translation>
    </message>
</context>
<context>
    <name>SendDialog</name>
    <message>
        <source>Send to an archive</source>
        <translation>An ein Archiv senden</translation>
    </message>
    <message>
        <source>Files to send</source>
        <translation>Zu sendende Dateien</translation>
    </message>
    <message>
        <source>Add files…</source>
        <translation>Dateien hinzufügen…</translation>
    </message>
    <message>
        <source>Clear the list</source>
        <translation>Liste leeren</translation>
    </message>
    <message>
        <source>De-identify first: no names, dates or numbers in the headers</source>
        <translation>Zuerst anonymisieren: keine Namen, Daten oder Nummern in den Kopfdaten</translation>
    </message>
    <message>
        <source>I may send this there</source>
        <translation>Ich darf dies dorthin senden</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>{done} of {total} files sent</source>
        <translation>{done} von {total} Dateien gesendet</translation>
    </message>
    <message>
        <source>Send DICOM files</source>
        <translation>DICOM-Dateien senden</translation>
    </message>
    <message>
        <source>Cancelled. What the archive had taken by then stays there.</source>
        <translation>Abgebrochen. Was das Archiv bis dahin angenommen hat, bleibt dort.</translation>
    </message>
</context>
<context>
    <name>SeriesPanel</name>
    <message>
        <source>Studies and series</source>
        <translation>Untersuchungen und Serien</translation>
    </message>
    <message>
        <source>STUDIES</source>
        <translation>UNTERSUCHUNGEN</translation>
    </message>
    <message>
        <source>1 file not opened</source>
        <translation>1 Datei nicht geöffnet</translation>
    </message>
    <message>
        <source>{count} files not opened</source>
        <translation>{count} Dateien nicht geöffnet</translation>
    </message>
    <message>
        <source>Show why…</source>
        <translation>Warum…</translation>
    </message>
    <message>
        <source>NOT OPENED</source>
        <translation>NICHT GEÖFFNET</translation>
    </message>
</context>
<context>
    <name>SeriesStrip</name>
    <message>
        <source>{count} more, when it is opened</source>
        <translation>{count} weitere nach dem Öffnen</translation>
    </message>
    <message>
        <source>Series of the study</source>
        <translation>Serien der Untersuchung</translation>
    </message>
    <message>
        <source>1 image</source>
        <translation>1 Bild</translation>
    </message>
    <message>
        <source>{count} images</source>
        <translation>{count} Bilder</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Archives (PACS)…</source>
        <translation>Archive (PACS)…</translation>
    </message>
    <message>
        <source>They have a dialog of their own.</source>
        <translation>Sie haben einen eigenen Dialog.</translation>
    </message>
    <message>
        <source>The language changes when umed is started again.</source>
        <translation>Die Sprache wechselt beim nächsten Start von umed.</translation>
    </message>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Viewing</source>
        <translation>Betrachten</translation>
    </message>
    <message>
        <source>Remembering</source>
        <translation>Gedächtnis</translation>
    </message>
    <message>
        <source>Folders</source>
        <translation>Ordner</translation>
    </message>
    <message numerus="yes">
        <source>%n archive(s) written down</source>
        <translation>
            <numerusform>%n Archiv eingetragen</numerusform>
            <numerusform>%n Archive eingetragen</numerusform>
        </translation>
    </message>
    <message>
        <source>&amp;Theme</source>
        <translation>&amp;Design</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>&amp;Language</source>
        <translation>&amp;Sprache</translation>
    </message>
    <message>
        <source>&amp;Model folder</source>
        <translation>&amp;Modellordner</translation>
    </message>
    <message>
        <source>The built-in model</source>
        <translation>Das eingebaute Modell</translation>
    </message>
    <message>
        <source>Runs &amp;on</source>
        <translation>Läuft &amp;auf</translation>
    </message>
    <message>
        <source>CUDA where there is one, else the CPU</source>
        <translation>CUDA, wo vorhanden, sonst die CPU</translation>
    </message>
    <message>
        <source>The CPU</source>
        <translation>Die CPU</translation>
    </message>
    <message>
        <source>CUDA, and nothing else</source>
        <translation>CUDA und nichts anderes</translation>
    </message>
    <message>
        <source>Another model or device is loaded at once. The conversation is kept.</source>
        <translation>Ein anderes Modell oder Gerät wird sofort geladen. Das Gespräch bleibt.</translation>
    </message>
    <message>
        <source>&amp;Memory for series</source>
        <translation>&amp;Speicher für Serien</translation>
    </message>
    <message>
        <source> MiB</source>
        <translation> MiB</translation>
    </message>
    <message>
        <source>&amp;Film</source>
        <translation>&amp;Film</translation>
    </message>
    <message>
        <source> frames a second</source>
        <translation> Bilder je Sekunde</translation>
    </message>
    <message>
        <source>&amp;Begin again after the last slice</source>
        <translation>Nach der letzten Schicht von &amp;vorn</translation>
    </message>
    <message>
        <source>Viewports</source>
        <translation>Bildfelder</translation>
    </message>
    <message>
        <source>Turn &amp;slices together</source>
        <translation>Gemeinsam &amp;blättern</translation>
    </message>
    <message>
        <source>Share &amp;window and level</source>
        <translation>Fensterung &amp;teilen</translation>
    </message>
    <message>
        <source>Inferno</source>
        <translation>Inferno</translation>
    </message>
    <message>
        <source>Viridis</source>
        <translation>Viridis</translation>
    </message>
    <message>
        <source>Cool</source>
        <translation>Cool</translation>
    </message>
    <message>
        <source>&amp;Attention, colours</source>
        <translation>&amp;Aufmerksamkeit, Farben</translation>
    </message>
    <message>
        <source>Attention, &amp;opacity</source>
        <translation>Aufmerksamkeit, &amp;Deckkraft</translation>
    </message>
    <message>
        <source> days after their last change</source>
        <translation> Tage nach der letzten Änderung</translation>
    </message>
    <message>
        <source>&amp;Keep conversations</source>
        <translation>Gespräche &amp;behalten</translation>
    </message>
    <message>
        <source>always</source>
        <translation>immer</translation>
    </message>
    <message>
        <source>Findings go with their conversations. Older ones go when umed starts.</source>
        <translation>Befunde gehen mit ihren Gesprächen. Ältere gehen beim Start von umed.</translation>
    </message>
    <message>
        <source>Study browser</source>
        <translation>Untersuchungsliste</translation>
    </message>
    <message>
        <source>Remember &amp;studies that were opened</source>
        <translation>Geöffnete &amp;Untersuchungen merken</translation>
    </message>
    <message>
        <source>Kept on this machine</source>
        <translation>Auf diesem Rechner behalten</translation>
    </message>
    <message>
        <source>None yet</source>
        <translation>Noch keine</translation>
    </message>
    <message>
        <source>&amp;Images</source>
        <translation>&amp;Bilder</translation>
    </message>
    <message>
        <source>&amp;Exports</source>
        <translation>&amp;Exporte</translation>
    </message>
    <message>
        <source>From &amp;archives</source>
        <translation>Aus &amp;Archiven</translation>
    </message>
    <message>
        <source>&amp;Review</source>
        <translation>&amp;Prüfung</translation>
    </message>
    <message>
        <source>&amp;Datasets</source>
        <translation>&amp;Datensätze</translation>
    </message>
    <message>
        <source>&amp;Trainings</source>
        <translation>&amp;Trainings</translation>
    </message>
    <message>
        <source>E&amp;valuations</source>
        <translation>Aus&amp;wertungen</translation>
    </message>
    <message>
        <source>Reviewer&apos;s &amp;name</source>
        <translation>&amp;Name des Prüfers</translation>
    </message>
    <message>
        <source>Restore defaults</source>
        <translation>Standard wiederherstellen</translation>
    </message>
</context>
<context>
    <name>SettingsSaving</name>
    <message>
        <source>The settings are not saved: {problem}</source>
        <translation>Die Einstellungen sind nicht gespeichert: {problem}</translation>
    </message>
    <message>
        <source>{hint} umed tries again every few seconds.</source>
        <translation>{hint} umed versucht es alle paar Sekunden wieder.</translation>
    </message>
    <message>
        <source>The settings are saved again.</source>
        <translation>Die Einstellungen werden wieder gespeichert.</translation>
    </message>
</context>
<context>
    <name>SettingsWiring</name>
    <message>
        <source>Letting go of old conversations</source>
        <translation>Alte Gespräche werden gelöscht</translation>
    </message>
    <message>
        <source>Nothing is remembered in this window.</source>
        <translation>In diesem Fenster wird nichts behalten.</translation>
    </message>
    <message>
        <source>Recently opened</source>
        <translation>Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>The list of recent files and folders is emptied.</source>
        <translation>Die Liste der zuletzt geöffneten Dateien und Ordner wird geleert.</translation>
    </message>
    <message>
        <source>Conversations and findings</source>
        <translation>Gespräche und Befunde</translation>
    </message>
    <message>
        <source>The conversations and findings of every study are deleted, and nothing brings them back. Those of what is open are kept again when they change.</source>
        <translation>Die Gespräche und Befunde jeder Untersuchung werden gelöscht, und nichts bringt sie zurück. Die des Geöffneten werden wieder behalten, sobald sie sich ändern.</translation>
    </message>
    <message>
        <source>Known studies</source>
        <translation>Bekannte Untersuchungen</translation>
    </message>
    <message>
        <source>The study browser forgets every study, with patients&apos; names and small pictures. The images themselves stay where they are.</source>
        <translation>Die Untersuchungsliste vergisst jede Untersuchung, mit Patientennamen und kleinen Bildern. Die Bilder selbst bleiben, wo sie sind.</translation>
    </message>
    <message>
        <source>Measurements</source>
        <translation>Messungen</translation>
    </message>
    <message>
        <source>The measurements of every study are deleted, and nothing brings them back. Those of what is open are kept again when they change.</source>
        <translation>Die Messungen jeder Untersuchung werden gelöscht, und nichts bringt sie zurück. Die des Geöffneten werden wieder behalten, sobald sie sich ändern.</translation>
    </message>
    <message>
        <source>Sample studies</source>
        <translation>Beispieluntersuchungen</translation>
    </message>
    <message>
        <source>The synthetic sample studies are deleted. They are drawn again when they are opened.</source>
        <translation>Die synthetischen Beispieluntersuchungen werden gelöscht. Sie werden beim Öffnen neu gezeichnet.</translation>
    </message>
    <message numerus="yes">
        <source>%n path(s)</source>
        <translation>
            <numerusform>%n Pfad</numerusform>
            <numerusform>%n Pfade</numerusform>
        </translation>
    </message>
    <message>
        <source>Counting files</source>
        <translation>Dateien werden gezählt</translation>
    </message>
    <message numerus="yes">
        <source>%n file(s), {size}</source>
        <translation>
            <numerusform>%n Datei, {size}</numerusform>
            <numerusform>%n Dateien, {size}</numerusform>
        </translation>
    </message>
    <message>
        <source>nothing</source>
        <translation>nichts</translation>
    </message>
    <message>
        <source>Clearing</source>
        <translation>Wird geleert</translation>
    </message>
</context>
<context>
    <name>ShortCommand</name>
    <message>
        <source>umed could not be started: {reason}.</source>
        <translation>umed konnte nicht gestartet werden: {reason}.</translation>
    </message>
    <message>
        <source>Reinstall umed.</source>
        <translation>Installieren Sie umed neu.</translation>
    </message>
</context>
<context>
    <name>SideColumn</name>
    <message>
        <source>Solid line</source>
        <translation>Durchgezogene Linie</translation>
    </message>
    <message>
        <source>Dashed line</source>
        <translation>Gestrichelte Linie</translation>
    </message>
    <message>
        <source>Image, model {name}</source>
        <translation>Bild, Modell {name}</translation>
    </message>
    <message>
        <source>Answer of model {name}</source>
        <translation>Antwort von Modell {name}</translation>
    </message>
    <message>
        <source>Restart model {name}</source>
        <translation>Modell {name} neu starten</translation>
    </message>
    <message>
        <source>As it came here, while both models ran at once: alone each is faster</source>
        <translation>Wie gemessen, während beide Modelle zugleich liefen: allein ist jedes schneller</translation>
    </message>
    <message>
        <source>Keep {name}&apos;s answer</source>
        <translation>Antwort von {name} behalten</translation>
    </message>
    <message>
        <source>Puts question and answer into the study&apos;s conversation, with the model&apos;s name</source>
        <translation>Legt Frage und Antwort mit dem Namen des Modells im Gespräch der Untersuchung ab</translation>
    </message>
    <message>
        <source>{name}&apos;s answer is kept</source>
        <translation>Antwort von {name} wurde behalten</translation>
    </message>
</context>
<context>
    <name>Sitting</name>
    <message>
        <source>Taken back: {verdict} of {record}.</source>
        <translation>Zurückgenommen: {verdict} von {record}.</translation>
    </message>
    <message>
        <source>You have changed this record; to {deed} it would lose that.</source>
        <translation>Sie haben diesen Eintrag geändert; mit „{deed}“ ginge das verloren.</translation>
    </message>
    <message>
        <source>Save it with C, or revert it first.</source>
        <translation>Speichern Sie ihn mit C, oder verwerfen Sie die Änderung zuerst.</translation>
    </message>
</context>
<context>
    <name>SourceList</name>
    <message>
        <source>Sources</source>
        <translation>Quellen</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>Kind of source</source>
        <translation>Art der Quelle</translation>
    </message>
    <message>
        <source>Kinds of source</source>
        <translation>Arten von Quellen</translation>
    </message>
    <message>
        <source>Name in the dataset</source>
        <translation>Name im Datensatz</translation>
    </message>
    <message>
        <source>name (own choice)</source>
        <translation>Name (frei gewählt)</translation>
    </message>
    <message>
        <source>Folder of the source</source>
        <translation>Ordner der Quelle</translation>
    </message>
    <message>
        <source>folder or annotation file</source>
        <translation>Ordner oder Annotationsdatei</translation>
    </message>
    <message>
        <source>Add source</source>
        <translation>Quelle hinzufügen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove the chosen source</source>
        <translation>Die gewählte Quelle entfernen</translation>
    </message>
    <message>
        <source>Expects: {layout}</source>
        <translation>Erwartet: {layout}</translation>
    </message>
</context>
<context>
    <name>Steps</name>
    <message>
        <source>reading the sources</source>
        <translation>Quellen werden gelesen:</translation>
    </message>
    <message>
        <source>cleaning pictures</source>
        <translation>Bilder werden bereinigt:</translation>
    </message>
    <message>
        <source>choosing sides</source>
        <translation>Seiten werden verteilt:</translation>
    </message>
    <message>
        <source>looking for near-duplicates</source>
        <translation>Suche nach fast gleichen Bildern:</translation>
    </message>
    <message>
        <source>counting what is open</source>
        <translation>Offenes wird gezählt:</translation>
    </message>
    <message>
        <source>asking</source>
        <translation>Lehrer wird gefragt:</translation>
    </message>
    <message>
        <source>placing pictures</source>
        <translation>Bilder werden abgelegt:</translation>
    </message>
    <message>
        <source>writing</source>
        <translation>Wird geschrieben:</translation>
    </message>
</context>
<context>
    <name>StudyBrowser</name>
    <message>
        <source>Study browser</source>
        <translation>Untersuchungsliste</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search: name, ID, description, date, folder…</source>
        <translation>Suche: Name, ID, Beschreibung, Datum, Ordner…</translation>
    </message>
    <message>
        <source>Clear the search</source>
        <translation>Suche leeren</translation>
    </message>
    <message>
        <source>Modality</source>
        <translation>Modalität</translation>
    </message>
    <message>
        <source>Any modality</source>
        <translation>Jede Modalität</translation>
    </message>
    <message>
        <source>From date</source>
        <translation>Von (Datum)</translation>
    </message>
    <message>
        <source>To date</source>
        <translation>Bis (Datum)</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel indexing</source>
        <translation>Indizierung abbrechen</translation>
    </message>
    <message>
        <source>Remember studies</source>
        <translation>Untersuchungen merken</translation>
    </message>
    <message>
        <source>Add folder…</source>
        <translation>Ordner hinzufügen…</translation>
    </message>
    <message>
        <source>Index again</source>
        <translation>Neu indizieren</translation>
    </message>
    <message>
        <source>Look through this study&apos;s folder again</source>
        <translation>Den Ordner dieser Untersuchung neu durchsehen</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <source>Forget a study, a folder or everything; no file is touched</source>
        <translation>Eine Untersuchung, einen Ordner oder alles vergessen; keine Datei wird angerührt</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>{field}: write 2024, 2024-05 or 2024-05-31.</source>
        <translation>{field}: Schreiben Sie 2024, 2024-05 oder 2024-05-31.</translation>
    </message>
    <message>
        <source>No study matches.</source>
        <translation>Keine Untersuchung passt.</translation>
    </message>
    <message>
        <source>No study is known yet. Add a folder, or open one by hand.</source>
        <translation>Noch ist keine Untersuchung bekannt. Fügen Sie einen Ordner hinzu, oder öffnen Sie einen von Hand.</translation>
    </message>
    <message>
        <source>1 study</source>
        <translation>1 Untersuchung</translation>
    </message>
    <message>
        <source>{count} studies</source>
        <translation>{count} Untersuchungen</translation>
    </message>
    <message>
        <source>Studies are not remembered: switch it on below to add a folder.</source>
        <translation>Untersuchungen werden nicht gemerkt: Schalten Sie es unten ein, um einen Ordner hinzuzufügen.</translation>
    </message>
    <message>
        <source>Indexing {folder}: {done} of {total} files</source>
        <translation>{folder} wird indiziert: {done} von {total} Dateien</translation>
    </message>
    <message>
        <source>Patients&apos; names and small pictures are kept on this machine, in {file}, which only you may read. Switched off, nothing is written; what is known already stays until it is forgotten.</source>
        <translation>Namen der Patienten und kleine Bilder bleiben auf diesem Rechner, in {file}, die nur Sie lesen dürfen. Ausgeschaltet wird nichts geschrieben; Bekanntes bleibt, bis es vergessen wird.</translation>
    </message>
    <message>
        <source>Add a folder of images</source>
        <translation>Ordner mit Bildern hinzufügen</translation>
    </message>
    <message>
        <source>This study</source>
        <translation>Diese Untersuchung</translation>
    </message>
    <message>
        <source>All in {folder}…</source>
        <translation>Alle in {folder}…</translation>
    </message>
    <message>
        <source>Everything…</source>
        <translation>Alles…</translation>
    </message>
    <message>
        <source>Forget all studies in {folder}? No image is deleted.</source>
        <translation>Alle Untersuchungen in {folder} vergessen? Kein Bild wird gelöscht.</translation>
    </message>
    <message>
        <source>Forget all studies that are known? No image is deleted.</source>
        <translation>Alle bekannten Untersuchungen vergessen? Kein Bild wird gelöscht.</translation>
    </message>
    <message>
        <source>{name}: 2024-05</source>
        <translation>{name}: 2024-05</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>StudyTable</name>
    <message>
        <source>Patient</source>
        <translation>Patient</translation>
    </message>
    <message>
        <source>Patient ID</source>
        <translation>Patienten-ID</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>Datum</translation>
    </message>
    <message>
        <source>Modality</source>
        <translation>Modalität</translation>
    </message>
    <message>
        <source>Description</source>
        <translation>Beschreibung</translation>
    </message>
    <message>
        <source>Series</source>
        <translation>Serie</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>Ordner</translation>
    </message>
    <message>
        <source>Studies</source>
        <translation>Untersuchungen</translation>
    </message>
</context>
<context>
    <name>TrainPage</name>
    <message>
        <source>Start</source>
        <translation>Starten</translation>
    </message>
    <message>
        <source>Start or resume this run</source>
        <translation>Diesen Lauf starten oder fortsetzen</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Finish the step, write a checkpoint and stop</source>
        <translation>Den Schritt beenden, einen Checkpoint schreiben und anhalten</translation>
    </message>
    <message>
        <source>Watch</source>
        <translation>Ansehen</translation>
    </message>
    <message>
        <source>Show what lies in the run folder</source>
        <translation>Zeigen, was im Ordner des Laufs liegt</translation>
    </message>
    <message>
        <source>Use this model</source>
        <translation>Modell verwenden</translation>
    </message>
    <message>
        <source>Load the trained model into the reading page</source>
        <translation>Das trainierte Modell auf der Seite Befunden laden</translation>
    </message>
    <message>
        <source>Log of the run</source>
        <translation>Protokoll des Laufs</translation>
    </message>
    <message>
        <source>Getting ready</source>
        <translation>Vorbereitung</translation>
    </message>
    <message>
        <source>No run is open</source>
        <translation>Kein Lauf geöffnet</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>Glättung</translation>
    </message>
    <message>
        <source>Samples or log</source>
        <translation>Beispiele oder Protokoll</translation>
    </message>
    <message>
        <source>Samples</source>
        <translation>Beispiele</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>{run}: nothing has been run here</source>
        <translation>{run}: Hier lief noch nichts</translation>
    </message>
    <message>
        <source>{run}: running</source>
        <translation>{run}: läuft</translation>
    </message>
    <message>
        <source>{run}: written elsewhere</source>
        <translation>{run}: anderswo geschrieben</translation>
    </message>
    <message>
        <source>Finishing the step and writing a checkpoint</source>
        <translation>Der Schritt wird beendet und ein Checkpoint geschrieben</translation>
    </message>
    <message>
        <source>Stop at once</source>
        <translation>Sofort anhalten</translation>
    </message>
    <message>
        <source>{run}: process {number} trains it, started outside this window; step {step}</source>
        <translation>{run}: Prozess {number} trainiert, gestartet außerhalb dieses Fensters; Schritt {step}</translation>
    </message>
    <message>
        <source>{run}: done after {step} steps</source>
        <translation>{run}: fertig nach {step} Schritten</translation>
    </message>
    <message>
        <source>{run}: paused at step {step}</source>
        <translation>{run}: angehalten bei Schritt {step}</translation>
    </message>
    <message>
        <source>{run}: cut off at step {step}</source>
        <translation>{run}: abgerissen bei Schritt {step}</translation>
    </message>
    <message>
        <source>{run}: stopped by an error</source>
        <translation>{run}: durch einen Fehler angehalten</translation>
    </message>
    <message>
        <source>Resume goes on from the checkpoint of step {step}.</source>
        <translation>Fortsetzen geht vom Checkpoint bei Schritt {step} weiter.</translation>
    </message>
    <message>
        <source>It had written no checkpoint yet: Resume begins again.</source>
        <translation>Noch war kein Checkpoint geschrieben: Fortsetzen beginnt von vorn.</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
</context>
<context>
    <name>Verdicts</name>
    <message>
        <source>accept</source>
        <translation>annehmen</translation>
    </message>
    <message>
        <source>correct</source>
        <translation>ändern</translation>
    </message>
    <message>
        <source>reject</source>
        <translation>ablehnen</translation>
    </message>
    <message>
        <source>skip</source>
        <translation>auslassen</translation>
    </message>
    <message>
        <source>undo</source>
        <translation>zurück</translation>
    </message>
</context>
<context>
    <name>ViewerPanel</name>
    <message>
        <source>Slice</source>
        <translation>Schicht</translation>
    </message>
    <message>
        <source>Image</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Image, viewport {number}</source>
        <translation>Bild, Bildfeld {number}</translation>
    </message>
</context>
<context>
    <name>ViewerWiring</name>
    <message>
        <source>{hint} Close the window again to leave them unsaved.</source>
        <translation>{hint} Schließen Sie das Fenster noch einmal, um sie ungespeichert zu lassen.</translation>
    </message>
    <message>
        <source>The measurements are not saved: {problem}</source>
        <translation>Die Messungen sind nicht gespeichert: {problem}</translation>
    </message>
    <message>
        <source>&amp;Undo {deed}</source>
        <translation>&amp;Rückgängig: {deed}</translation>
    </message>
    <message>
        <source>&amp;Redo {deed}</source>
        <translation>&amp;Wiederholen: {deed}</translation>
    </message>
</context>
<context>
    <name>Viewports</name>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>Reading slices</source>
        <translation>Schichten werden gelesen</translation>
    </message>
    <message>
        <source>This image could not be opened</source>
        <translation>Dieses Bild konnte nicht geöffnet werden</translation>
    </message>
</context>
<context>
    <name>WelcomePage</name>
    <message>
        <source>Or drop files or a folder anywhere in this window.</source>
        <translation>Oder legen Sie Dateien oder einen Ordner irgendwo in diesem Fenster ab.</translation>
    </message>
    <message>
        <source>Recently opened</source>
        <translation>Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>Opens medical images and asks a vision-language model about them that runs on this machine.
It says what it sees, draws where, and shows where it looked.</source>
        <translation>Öffnet medizinische Bilder und befragt dazu ein Bild-Sprach-Modell, das auf diesem Rechner läuft.
Es sagt, was es sieht, zeichnet ein, wo, und zeigt, wohin es gesehen hat.</translation>
    </message>
    <message>
        <source>Sample studies</source>
        <translation>Beispieluntersuchungen</translation>
    </message>
    <message>
        <source>Synthetic: umed draws them when you open them. They show no patient.</source>
        <translation>Synthetisch: umed zeichnet sie beim Öffnen. Sie zeigen keinen Patienten.</translation>
    </message>
    <message>
        <source>Synthetic sample: {name}, {about}</source>
        <translation>Synthetisches Beispiel: {name}, {about}</translation>
    </message>
    <message>
        <source>{name}   in {folder}</source>
        <translation>{name}   in {folder}</translation>
    </message>
    <message>
        <source>{words}   (not there any more)</source>
        <translation>{words}   (nicht mehr da)</translation>
    </message>
</context>
<context>
    <name>WelcomeWiring</name>
    <message>
        <source>Open files…</source>
        <translation>Dateien öffnen…</translation>
    </message>
    <message>
        <source>Open folder…</source>
        <translation>Ordner öffnen…</translation>
    </message>
    <message>
        <source>Study browser…</source>
        <translation>Untersuchungsliste…</translation>
    </message>
    <message>
        <source>From an archive…</source>
        <translation>Aus einem Archiv…</translation>
    </message>
    <message>
        <source>Looking for recent files</source>
        <translation>Zuletzt Geöffnetes wird gesucht</translation>
    </message>
    <message>
        <source>Drawing a synthetic sample</source>
        <translation>Ein synthetisches Beispiel wird gezeichnet</translation>
    </message>
</context>
<context>
    <name>WindowPainter</name>
    <message>
        <source>Open a study</source>
        <translation>Untersuchung öffnen</translation>
    </message>
    <message>
        <source>Drop files or a folder here, or press Ctrl+O.</source>
        <translation>Legen Sie Dateien oder einen Ordner hier ab, oder drücken Sie Strg+O.</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen…</translation>
    </message>
    <message>
        <source>box {index}</source>
        <translation>Rahmen {index}</translation>
    </message>
    <message>
        <source>Ask about this image…</source>
        <translation>Zu diesem Bild fragen…</translation>
    </message>
    <message>
        <source>Open an image first</source>
        <translation>Öffnen Sie zuerst ein Bild</translation>
    </message>
</context>
<context>
    <name>WindowParts</name>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>More menus</source>
        <translation>Weitere Menüs</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>Werkzeuge</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel what runs</source>
        <translation>Laufendes abbrechen</translation>
    </message>
</context>
<context>
    <name>_QuestionField</name>
    <message>
        <source>Question</source>
        <translation>Frage</translation>
    </message>
    <message>
        <source>Ask about this image…</source>
        <translation>Zu diesem Bild fragen…</translation>
    </message>
</context>
</TS>
