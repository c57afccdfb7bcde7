"""What is known of uploaded files; the bytes never come here."""
