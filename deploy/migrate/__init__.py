"""The migrate job: roles, platform database, app template, and every app database, brought up to date."""
