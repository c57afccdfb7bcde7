"""The values of the language: kinds, numbers, dates, comparison, arithmetic, access."""
