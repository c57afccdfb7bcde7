"""The audit log compared with the commit log, and made anew from it."""
