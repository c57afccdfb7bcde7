"""What the language's values are and mean: kinds, numbers, dates, comparison, arithmetic, access."""
