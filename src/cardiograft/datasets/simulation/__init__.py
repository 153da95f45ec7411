"""Simulated recordings: rhythms, hearts, chests, heart sounds and noise, for data sets to write.

`seeding` gives each name its own random numbers; `rhythm` and `order` say when beats come and of
which kind, `hearts` and `infarction` whose heart it is, `ecg`, `scg` and `pcg` what leads, an
accelerometer and a microphone record of it, `noise` what else they record.

Imports: `signals` and `cardiograft.records`. Real recordings are read without this room: a job
that reads them does not count its code.
"""
