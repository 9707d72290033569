"""The files of an extract become one conformed lazy frame."""
