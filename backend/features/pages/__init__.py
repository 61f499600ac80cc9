"""Pages for people: behind share links, behind links in mails, and at `/`. No script needed."""
