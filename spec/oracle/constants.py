"""Every number of arithmetic.md and sampling.md that measurement may still change, in one place.

Holds integers only; it never computes anything that a section of the spec gives as a rule.
"""

# arithmetic.md 1
LIMIT = 1 << 30
BLOCK = 32
COLUMNS_MAX = 1 << 17
FRAC_MAX = 24  # frac in 0..24, both ends allowed

# arithmetic.md 2: scale bounds
S_Q8 = 32767
S_Q4 = 511
S_FLOAT = 32767
S_MIN = 16383
UNIT_LEAST_F16 = -24
UNIT_LEAST_FLOAT = -140
UNIT_MOST_FLOAT = 64
GAIN_LIMIT = 1 << 24
W_MAX_FLOAT = 127

# arithmetic.md 3: activations
SX = 63
Q = 127
A16_MAX = 32639

# arithmetic.md 4.5 to 4.7
HEAD_SCALE_MAX = 255
HEAD_WIDTH_MAX = 1024
CONTEXT_MAX = 1 << 16
HADAMARD_BITS_MAX = 10
SCALE_EXPONENT_MAX = 256
EXPERTS_MAX = 256
SILU_FRAC = (2, 12)  # of the gate, both ends allowed (4.7 and 4.12)

# sampling.md
VOCABULARY_MAX = 1 << 20
MICRO = 1000000
LOG2E_62 = 6653256548922161246  # nr(2^62 * log2 e); claims.py checks it
SATURATION = (1 << 31) - 1
TEMPERATURE_RANGE = (10000, 100000000)
REPETITION_RANGE = (10000, 100000000)
PRESENCE_MOST = 2000000
BIAS_MOST = 100000000
BIAS_ENTRIES_MAX = 1024
DRAW_CHUNK = 4096
