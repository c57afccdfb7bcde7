"""LDAP and Active Directory: a name and a password, proved by a bind at the directory."""
