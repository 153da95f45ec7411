"""Operations on arrays of samples: filter, resample, scale, find beats, measure, augment.

Everything here is a function of arrays, rates and numbers: no files, no config, no data set.

Imports: the files at the package's root.
"""
