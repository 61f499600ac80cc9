"""Pages for people: what opens behind a link, in a mail, at the front door. No script needed."""
