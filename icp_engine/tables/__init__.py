"""Result tables: their order, and their files."""
