-- A stripe with two streams, on a coarse grid: seconds instead of hours.
wedge = 82
convolve = 30

background = { epsilon = 0.95, q = 0.55 }

streams = {
  { epsilon = -1.2, mu = 350.0, r = 22.0, theta = 1.2, phi = 2.1, sigma = 2.5 },
  { epsilon = -0.8, mu = 388.0, r = 32.0, theta = 1.7, phi = 0.3, sigma = 4.0 },
}

area = {
  { r_min = 16.0, r_max = 22.5, r_steps = 32,
    mu_min = 310, mu_max = 419, mu_steps = 40,
    nu_min = -1.25, nu_max = 1.25, nu_steps = 4 }
}
