"""Rules and state machines applied to drafts: loads what they read, then asks the pure decisions."""
