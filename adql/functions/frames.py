"""Rotations between the reference frames of the sky, by the names of the IVOA's vocabulary
http://www.ivoa.net/rdf/refframe.

FK5 is of J2000.0 and, unlike a common simplification, not ICRS: 0.02 arcsec lie between. FK4 is of
B1950.0 without the elliptic terms of aberration (up to 0.34 arcsec), as the example of the IVOA's
catalogue has it, so that circles stay circles. ECLIPTIC is the mean ecliptic of J2000.0 (IAU 2006).
"""

Matrix = tuple[tuple[float, ...], ...]

# To ICRS, row by row.
_TO_ICRS: dict[str, Matrix] = {
    "ICRS": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "FK5": (
        (0.9999999999999929, 1.1102233716192789e-07, 4.411803426976325e-08),
        (-1.1102233290551095e-07, 0.9999999999999892, -9.647792739797332e-08),
        (-4.4118044980967755e-08, 9.647792252216893e-08, 0.9999999999999943),
    ),
    "FK4": (
        (0.9999256809514503, -0.011181372203849892, -0.004858959705285414),
        (0.01118137175388481, 0.9999374861373455, -2.7258532094316323e-05),
        (0.004858960740738831, -2.707332853569863e-05, 0.9999881948140963),
    ),
    "GALACTIC": (
        (-0.05487565771259173, 0.4941094371927278, -0.8676661375596586),
        (-0.8734370519556164, -0.444829721223295, -0.19807633727300086),
        (-0.4838350736167157, 0.7469821839866673, 0.4559838136873018),
    ),
    "SUPER_GALACTIC": (
        (0.3750155557030317, -0.8983204377276135, 0.2288749093754376),
        (0.3413588718562473, -0.0957271002488516, -0.9350456902649071),
        (0.8618801851683192, 0.42878516000301936, 0.27075049949244556),
    ),
    "ECLIPTIC": (
        (0.9999999999999942, 3.289700467897769e-08, -1.020704475156508e-07),
        (-7.078369026537747e-08, 0.9174821299149585, -0.397776999444043),
        (8.056213977613187e-08, 0.39777699944404793, 0.9174821299149555),
    ),
}
_DEPRECATED = {
    "EQ_FK4": "FK4",
    "EQ_FK5": "FK5",
    "ECL_FK5": "ECLIPTIC",
    "SUPERGALACTIC": "SUPER_GALACTIC",
}
FRAMES = tuple(_TO_ICRS)


def frame_named(name: str) -> str | None:
    """The frame that a name of any case means, deprecated names included; None where it is none."""
    upper = name.strip().upper()
    upper = _DEPRECATED.get(upper, upper)
    return upper if upper in _TO_ICRS else None


def rotation(source: str, target: str) -> Matrix:
    """The matrix, row by row, that turns unit vectors of one of FRAMES into those of another."""
    a, b = _TO_ICRS[source], _TO_ICRS[target]
    if a == b:
        return _TO_ICRS["ICRS"]
    # The inverse of b, which is its transpose, after a.
    return tuple(
        tuple(sum(b[k][i] * a[k][j] for k in range(3)) for j in range(3)) for i in range(3)
    )
