"""What every page for people is made with: one frame, one way to write numbers."""
