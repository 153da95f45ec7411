"""Sections of the report: tables, sentences and charts, made of a study or of all inputs."""
