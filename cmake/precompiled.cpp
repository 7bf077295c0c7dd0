// The translation unit that CMake asks of a target; the precompiled headers are what is wanted.
