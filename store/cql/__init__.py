"""CQL2, the filter language of OGC API Features (OGC 21-065): its text and its JSON, as conditions of the database.

`compiling` is the door. What a filter may say is what the tables of operators hold; nothing of its text reaches the
database but as a bound value.
"""
