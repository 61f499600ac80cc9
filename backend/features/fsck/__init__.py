"""fsck: compares the bucket with the database, and the database with itself.

findings   what can be wrong, and how a check is asked
prefixes   whose the objects are, and how to ask
objects    objects without a row, rows without their object, sizes that differ, foreign objects
uploads    multipart uploads nobody owns, uploads that never end
quota      counters that do not add up
tree       paths, owners, trash and current versions
limits     whether a repair may delete (`repair_limits`)
service    all checks, one after the other; the daily report

A check reads page by page and holds one page at a time. What one look makes suspect a second
look confirms, because the system is in use meanwhile.
"""
