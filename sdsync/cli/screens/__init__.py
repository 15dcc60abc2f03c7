"""How a look is laid out: functions from plain data to lines of 80 columns."""
