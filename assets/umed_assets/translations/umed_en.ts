<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>EvaluatePage</name>
    <message numerus="yes">
        <source>%n image(s) could not be opened and are in no figure.</source>
        <translation>
            <numerusform>%n image could not be opened and is in no figure.</numerusform>
            <numerusform>%n images could not be opened and are in no figure.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message numerus="yes">
        <source>%n finding(s)</source>
        <translation>
            <numerusform>%n finding</numerusform>
            <numerusform>%n findings</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImportDialog</name>
    <message numerus="yes">
        <source>%n study(ies).</source>
        <translation>
            <numerusform>%n study.</numerusform>
            <numerusform>%n studies.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message numerus="yes">
        <source>%n archive(s) written down</source>
        <translation>
            <numerusform>%n archive written down</numerusform>
            <numerusform>%n archives written down</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SettingsWiring</name>
    <message numerus="yes">
        <source>%n path(s)</source>
        <translation>
            <numerusform>%n path</numerusform>
            <numerusform>%n paths</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s), {size}</source>
        <translation>
            <numerusform>%n file, {size}</numerusform>
            <numerusform>%n files, {size}</numerusform>
        </translation>
    </message>
</context>
</TS>
