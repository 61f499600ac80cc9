"""Text that people give things: names, labels, addresses of mail, and how names travel."""
