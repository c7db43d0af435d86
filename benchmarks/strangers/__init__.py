"""Derivatives that others wrote, right and with planted mistakes: installed packages and random expression graphs."""
