"""What is seen: each panel shows what it is handed and tells what the user did; it asks nobody."""
