"""What people read: one file a format. Reports show, and never compute."""
