"""Parts of the platform with real servers on free ports."""
