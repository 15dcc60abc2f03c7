"""The installed wheel, checked away from the tree."""
