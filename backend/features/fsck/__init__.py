"""fsck: compares the bucket with the database, and the database with itself.

findings   the kinds of findings, and the parameters of a check
prefixes   which prefix of the bucket belongs to which feature
objects    objects without a row, rows without their object, sizes that differ, foreign objects
uploads    multipart uploads without an owner, uploads that never end
quota      counters that do not add up
tree       paths, owners, trash and current versions
repair_limits  whether a repair may delete
service    all checks, one after the other; the daily report

A check reads page by page and holds one page at a time. What looks wrong on a first look is
confirmed by a second one, because the system is in use meanwhile.
"""
