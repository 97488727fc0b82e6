"""A small Madrid: enough lines and stops to show each trap of the real one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A bus line: EMT calls it by an internal code in one place and by its label in another."""

    code: str
    label: str
    head_a: str
    head_b: str | None  # a circular line has none
    stops: tuple[str, ...]
    night: bool = False

    @property
    def workbook_label(self) -> str:
        """The lines workbook spells the letter O where everybody else writes a zero."""
        return "OO1" if self.label == "001" else self.label


@dataclass(frozen=True)
class Stop:
    """A bus stop; its address comes padded with blanks."""

    id: str
    name: str
    address: str
    lon: float
    lat: float


LINES = (
    Line("361", "001", "ESTACION DE ATOCHA", "MONCLOA", ("5710", "82", "5511", "735")),
    Line("362", "002", "PUERTA DE TOLEDO", "ARGÜELLES", ("80", "548", "4039", "735")),
    Line("001", "1", "CRISTO REY", "PROSPERIDAD", ("735", "730", "4039", "2698")),
    Line("003", "3", "PUERTA DE TOLEDO", "PLAZA SAN AMARO", ("80", "548", "2360")),
    Line("009", "9", "SEVILLA", "HORTALEZA", ("4039", "2698", "4676")),
    Line("027", "27", "EMBAJADORES", "PLAZA CASTILLA", ("5710", "82", "5511", "730")),
    Line("161", "161", "MONCLOA", "ESTACIÓN DE ARAVACA", ("51033", "1", "2")),
    Line("203", "203", "ESTACION DE ATOCHA", "AEROPUERTO", ("5709", "5511")),
    Line("068", "C1", "CIRCULAR 1", None, ("2698", "4676", "5710", "735")),
    Line("069", "C2", "CIRCULAR 2", None, ("735", "4676", "2698", "80")),
    Line("526", "N26", "ALONSO MARTINEZ", "ALUCHE", ("548", "4039"), night=True),
    Line("531", "N31", "MONCLOA", "EL PARDO", ("51033", "11980"), night=True),
    Line("092", "G", "MONCLOA", "CIUDAD UNIVERSITARIA", ("51033", "11980")),
    Line("897", "SE1", "ALUCHE", "CUATRO VIENTOS", ("5297", "51119")),
)

STOPS = {
    stop.id: stop
    for stop in (
        Stop("5710", "Estación de Atocha", "Av. Ciudad de Barcelona", -3.68969876, 40.40680957),
        Stop(
            "82", "Prado-Atocha", "Pº del Prado frente al 48 , con Cuesta Moyano", -3.692, 40.4099
        ),
        Stop(
            "5511",
            "Museo del Prado-Jardín Botánico",
            "Pº del Prado con Pza. de Murillo",
            -3.693,
            40.413,
        ),
        Stop("735", "Argüelles", "Princesa, 47 ( Alberto Aguilera )", -3.71607373, 40.43015282),
        Stop("80", "Metro Puerta de Toledo", "Glorieta Puerta de Toledo, 1", -3.71126943, 40.4072),
        Stop("548", "Toledo-Humilladero", "Toledo frente al nº 70", -3.7097277, 40.4096242),
        Stop("4039", "Canalejas", "Pza. Canalejas, 1", -3.7006, 40.41706),
        Stop("730", "Cibeles", 'Pza. Cibeles, "Casa de América"', -3.6926, 40.41944),
        Stop("2698", "Joaquín Costa-Velázquez", "Joaquín Costa, 28", -3.6832549, 40.4427623),
        Stop("4676", "Glorieta López de Hoyos", "Joaquín Costa, 36", -3.6812981, 40.4408864),
        Stop("2360", "Puerta de Toledo", "Ronda de Segovia, 52", -3.712571, 40.4068331),
        Stop(
            "51033", "Moncloa", "Arcipreste de Hita, S/N frente al nº 10.", -3.7180456, 40.4338539
        ),
        Stop(
            "1", "Avenida Valdemarín-Blanca de Castilla", "Av. Valdemarín, 7", -3.7828754, 40.47005
        ),
        Stop("2", "Avenida Valdemarín-La Salle", "Av. Valdemarín, 45", -3.7859514, 40.4685689),
        Stop(
            "5709",
            "Estación de Atocha",
            "Av. Ciudad de Barcelona (Estación)",
            -3.6898302,
            40.4067051,
        ),
        Stop("11980", "Moncloa", "Pza. Moncloa frente a Ejército del Aire", -3.7190839, 40.4342918),
        Stop("5297", "Aluche", "Maqueda con C/ Valmojado", -3.7600557, 40.3866876),
        Stop("51119", "Cuatro Vientos", "Paseo Lanceros, 2 (O'Donnell)", -3.793022, 40.3791061),
    )
}
