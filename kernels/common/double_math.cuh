// Sine, cosine, logarithm and powers of two in double, to about 1e-14: no tables, no stack, so that positions, timesteps and
// noise come out the same floats as from the processor's library.
#pragma once

// Cosine and sine of `angle` radians, |angle| < 1e9.
__device__ __forceinline__ void sine_cosine(double angle, double& sine, double& cosine)
{
    // Subtracts the nearest multiple of pi/2, which is written as the sum of two doubles.
    double quarter = rint(angle * 0.63661977236758134308);
    double r = fma(-quarter, 1.57079632679489655800, angle);
    r = fma(-quarter, 6.12323399573676603587e-17, r);
    double w = r * r;
    double s = fma(w, 1.60590438368216145994e-10, -2.50521083854417187751e-8);
    s = fma(s, w, 2.75573192239858906526e-6);
    s = fma(s, w, -1.98412698412698412698e-4);
    s = fma(s, w, 8.33333333333333333333e-3);
    s = fma(s, w, -1.66666666666666666667e-1);
    s = fma(s * w, r, r);
    double c = fma(w, -1.14707455977297247139e-11, 2.08767569878680989792e-9);
    c = fma(c, w, -2.75573192239858906526e-7);
    c = fma(c, w, 2.48015873015873015873e-5);
    c = fma(c, w, -1.38888888888888888889e-3);
    c = fma(c, w, 4.16666666666666666667e-2);
    c = fma(c, w, -0.5);
    c = fma(c, w, 1.0);
    long long quadrant = (long long)quarter;
    double first = quadrant & 1 ? c : s;
    double second = quadrant & 1 ? s : c;
    sine = quadrant & 2 ? -first : first;
    cosine = (quadrant + 1) & 2 ? -second : second;
}

// 2^x for |x| < 1000.
__device__ __forceinline__ double power_of_two(double x)
{
    double whole = rint(x);
    double r = (x - whole) * 0.69314718055994530942;
    double p = 1.60590438368216145994e-10;
    p = fma(p, r, 2.08767569878680989792e-9);
    p = fma(p, r, 2.50521083854417187751e-8);
    p = fma(p, r, 2.75573192239858906526e-7);
    p = fma(p, r, 2.75573192239858906526e-6);
    p = fma(p, r, 2.48015873015873015873e-5);
    p = fma(p, r, 1.98412698412698412698e-4);
    p = fma(p, r, 1.38888888888888888889e-3);
    p = fma(p, r, 8.33333333333333333333e-3);
    p = fma(p, r, 4.16666666666666666667e-2);
    p = fma(p, r, 1.66666666666666666667e-1);
    p = fma(p, r, 0.5);
    p = fma(p, r, 1.0);
    p = fma(p, r, 1.0);
    return p * __longlong_as_double(((long long)whole + 1023) << 52);
}

// ln x of a positive normal number.
__device__ __forceinline__ double natural_logarithm(double x)
{
    long long bits = __double_as_longlong(x);
    long long exponent = (bits >> 52) - 1023;
    double m = __longlong_as_double((bits & 0x000fffffffffffffll) | 0x3ff0000000000000ll);
    if (m > 1.41421356237309504880)
    {
        m *= 0.5;
        exponent++;
    }

    // ln m = 2 artanh t, t = (m - 1) / (m + 1), |t| < 0.172.
    double t = (m - 1.0) / (m + 1.0);
    double w = t * t;
    double p = 4.76190476190476190476e-2;
    p = fma(p, w, 5.26315789473684210526e-2);
    p = fma(p, w, 5.88235294117647058824e-2);
    p = fma(p, w, 6.66666666666666666667e-2);
    p = fma(p, w, 7.69230769230769230769e-2);
    p = fma(p, w, 9.09090909090909090909e-2);
    p = fma(p, w, 1.11111111111111111111e-1);
    p = fma(p, w, 1.42857142857142857143e-1);
    p = fma(p, w, 0.2);
    p = fma(p, w, 3.33333333333333333333e-1);
    p = fma(p, w, 1.0);
    return fma((double)exponent, 0.69314718055994530942, 2.0 * t * p);
}
