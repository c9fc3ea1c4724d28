"""What is kept, counted, logged and traced of login attempts, and the watch over how many of them fail."""
