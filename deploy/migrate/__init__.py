"""The migrate job: brings roles, the platform database, the app template and every app database up to date."""
