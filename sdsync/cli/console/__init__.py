"""The terminal interface: the screens of the commands, and the commands that they name, by keys.

It knows no screen of its own. What stands after ``>`` on a screen is what Enter does.
"""
