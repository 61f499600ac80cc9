"""What tests share: servers, people, files."""
