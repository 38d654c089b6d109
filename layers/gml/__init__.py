"""GML of simple features."""
