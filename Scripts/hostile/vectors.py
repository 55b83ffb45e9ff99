"""SVG: text of a few hundred bytes that asks for any amount of work, for other files, or for itself."""

from hostile.entry import EITHER, Entry

SIDE = 400


def document(body, before="", attributes=f'width="{SIDE}" height="{SIDE}"'):
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>'
        f"{body}</svg>\n"
    ).encode()


RECT = f'<rect width="{SIDE}" height="{SIDE}" fill="teal"/>'


def entries(random_for, full):
    groups = (
        entities,
        lambda: filters(full),
        lambda: nested(full),
        recursive,
        elsewhere,
        sizes,
        lambda: strokes_and_paths(random_for, full),
        lambda: texts_and_styles(random_for, full),
    )
    for group in groups:
        for name, text in group().items():
            yield Entry(f"svg-{name}.svg", text, EITHER, "svg")


def entities():
    laughs = '<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "' + f"&a{n - 1};" * 10 + '">' for n in range(1, 10))
    quadratic = '<!ENTITY a "' + "a" * 100_000 + '">'
    rects = "<!ENTITY b0 '<rect width=\"9\" height=\"9\"/>'>" + "".join(
        f"<!ENTITY b{n} '" + f"&b{n - 1};" * 10 + "'>" for n in range(1, 9)
    )

    def doctype(inner):
        return f"<!DOCTYPE svg [{inner}]>"

    return {
        "billion-laughs": document("<text y='50'>&a9;</text>", doctype(laughs)),
        "billion-laughs-of-shapes": document("&b8;", doctype(rects)),
        "quadratic-entity": document("<text y='50'>" + "&a;" * 30_000 + "</text>", doctype(quadratic)),
        "entity-of-itself": document("<text y='50'>&a;</text>", doctype("<!ENTITY a '&b;'><!ENTITY b '&a;'>")),
        "entity-from-dev-zero": document("<text y='50'>&a;</text>", doctype('<!ENTITY a SYSTEM "file:///dev/zero">')),
        "doctype-from-dev-zero": document(RECT, '<!DOCTYPE svg SYSTEM "file:///dev/zero">'),
    }


def filters(full):
    def filtered(primitives, count=1, region='x="-100%" y="-100%" width="300%" height="300%"'):
        rects = f'<g filter="url(#f)">{RECT}</g>' * count
        return document(f'<defs><filter id="f" {region}>{primitives}</filter></defs>{rects}')

    chain = 500 if full else 100
    blurs = "".join(f'<feGaussianBlur stdDeviation="{90 + n % 10}"/>' for n in range(chain))
    orders = {f"convolution-of-{n}x{n}": n for n in (9, 21, 301)}
    nested = '<g filter="url(#f)">' * 60 + RECT + "</g>" * 60
    return {
        f"{chain}-blurs-in-a-row": filtered(blurs),
        "blur-of-a-million": filtered('<feGaussianBlur stdDeviation="1000000"/>'),
        "turbulence-of-a-million-octaves": filtered('<feTurbulence numOctaves="1000000" baseFrequency="0.9"/>'),
        "turbulence-on-a-region-of-a-billion": filtered(
            '<feTurbulence numOctaves="50" baseFrequency="0.9"/>', 20, 'x="-1e9" y="-1e9" width="2e9" height="2e9"'
        ),
        "morphology-of-1000": filtered('<feMorphology operator="dilate" radius="1000"/>' * 4),
        # librsvg 2.54 takes 400 numbers of a list, and ends the process of a matrix of more.
        **{
            name: filtered(f'<feConvolveMatrix order="{n}" kernelMatrix="{"1 " * (n * n)}"/>') for name, n in orders.items()
        },
        "2000-filtered-groups": filtered('<feGaussianBlur stdDeviation="40"/><feTurbulence numOctaves="9"/>', 2000),
        "nested-filters": document(
            f'<defs><filter id="f"><feGaussianBlur stdDeviation="50"/><feMorphology radius="30"/></filter></defs>{nested}'
        ),
        "lights": filtered(
            '<feDiffuseLighting surfaceScale="99"><fePointLight x="1" y="1" z="1"/></feDiffuseLighting>'
            '<feSpecularLighting specularExponent="128"><fePointLight x="1" y="1" z="1"/></feSpecularLighting>' * 200
        ),
    }


def nested(full):
    deep = 200_000 if full else 50_000

    def levels(start, end, count):
        return document(start * count + RECT + end * count)

    return {
        f"{deep}-nested-groups": levels("<g>", "</g>", deep),
        "250-nested-groups-half-opaque": levels('<g opacity="0.99">', "</g>", 250),
        "250-nested-pictures": levels('<svg width="9999" height="9999">', "</svg>", 250),
        "250-nested-masks": document(
            "".join(
                f'<mask id="m{n}"><rect width="400" height="400" fill="white" mask="url(#m{n + 1})"/>'
                f'<rect width="400" height="400" fill="white" mask="url(#m{n + 1})"/></mask>'
                for n in range(24)
            )
            + f'<g mask="url(#m0)">{RECT}</g>'
        ),
        "nested-patterns": document(
            "".join(
                f'<pattern id="p{n}" width="0.1" height="0.1"><rect width="40" height="40" fill="url(#p{n + 1})"/>'
                f'<rect width="20" height="20" fill="url(#p{n + 1})"/></pattern>'
                for n in range(24)
            )
            + '<rect width="400" height="400" fill="url(#p0)"/>'
        ),
        "nested-clips": document(
            "".join(
                f'<clipPath id="c{n}" clip-path="url(#c{n + 1})"><rect width="400" height="400" clip-path="url(#c{n + 1})"/>'
                f'<rect width="300" height="400" clip-path="url(#c{n + 1})"/></clipPath>'
                for n in range(24)
            )
            + f'<g clip-path="url(#c0)">{RECT}</g>'
        ),
    }


def recursive():
    uses = '<g id="u0"><rect width="9" height="9"/></g>'
    for number in range(1, 10):
        uses += f'<g id="u{number}">' + f"<use xlink:href='#u{number - 1}'/>" * 10 + "</g>"
    return {
        "use-of-itself": document('<use id="a" xlink:href="#a"/>' + RECT),
        "use-of-each-other": document(
            '<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/><use xlink:href="#a"/></g>' + RECT
        ),
        "use-of-its-own-group": document('<g id="a"><rect width="9" height="9"/><use xlink:href="#a" x="9"/></g>'),
        "billion-uses": document(f"<defs>{uses}</defs><use xlink:href='#u9'/>"),
        "pattern-of-itself": document(
            '<pattern id="p" width="1" height="1"><rect width="400" height="400" fill="url(#p)"/></pattern>'
            '<rect width="400" height="400" fill="url(#p)"/>'
        ),
        "mask-of-itself": document(
            '<mask id="m"><rect width="400" height="400" mask="url(#m)"/></mask><rect width="9" height="9" mask="url(#m)"/>'
        ),
        "gradients-in-a-circle": document(
            '<linearGradient id="a" xlink:href="#b"/><linearGradient id="b" xlink:href="#a"/>'
            '<rect width="400" height="400" fill="url(#a)"/>'
        ),
    }


def elsewhere():
    """Names of other things. `pipe` is a FIFO beside the file that nobody writes to."""

    def image(href):
        return document(f'{RECT}<image width="90" height="90" xlink:href="{href}"/>')

    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}" parse="text"/>'
    return {
        "names-a-fifo": image("pipe"),
        "names-dev-zero": image("/dev/zero"),
        "names-dev-zero-as-url": image("file:///dev/zero"),
        "names-itself": image("svg-names-itself.svg"),
        "includes-a-fifo": document(RECT + include.format("pipe")),
        "includes-dev-zero": document(RECT + include.format("/dev/zero")),
        "style-from-a-fifo": document(RECT, '<?xml-stylesheet type="text/css" href="pipe"?>'),
        "style-that-imports-dev-zero": document(f'<style>@import url("/dev/zero");</style>{RECT}'),
        "names-a-host": image("http://192.0.2.1/never.png"),
    }


def sizes():
    def sized(attributes):
        return document(RECT, attributes=attributes)

    return {
        "view-box-of-1e30": sized('viewBox="-1e30 -1e30 2e30 2e30"'),
        "2-billion-pixels-wide": sized('width="2000000000" height="2000000000"'),
        "1e300-wide": sized('width="1e300" height="1e300" viewBox="0 0 1 1"'),
        "not-a-number": sized('width="NaN" height="inf" viewBox="0 0 nan nan"'),
        "negative": sized('width="-100" height="-100"'),
        "nothing-wide": sized('width="0" height="0" viewBox="0 0 0 0"'),
        "long-and-thin": sized('width="1000000" height="0.001"'),
    }


def strokes_and_paths(random_for, full):
    rng = random_for("paths")
    points = 30_000 if full else 12_000
    lines = " ".join(f"{rng.randrange(4000) / 10},{rng.randrange(4000) / 10}" for _ in range(points))
    short = " ".join(f"{rng.randrange(4000) / 10},{rng.randrange(4000) / 10}" for _ in range(3000))
    marker = '<marker id="m" markerWidth="400" markerHeight="400" overflow="visible">{}</marker>'
    return {
        "a-billion-dashes": document('<path d="M0 0H1e9" stroke="red" stroke-width="3" stroke-dasharray="0.5 0.5"/>'),
        "dashes-of-nothing": document('<path d="M0 0H400V400" stroke="red" fill="none" stroke-dasharray="0.00001"/>'),
        f"polygon-of-{points}-crossing-lines": document(f'<polygon fill-rule="evenodd" points="{lines}"/>'),
        "thick-line-of-3000-turns": document(
            f'<polyline points="{short}" fill="none" stroke="red" stroke-width="90" stroke-linejoin="round" opacity="0.5"/>'
            * 10
        ),
        "markers-of-a-long-line": document(
            marker.format(f'<polyline points="{short}" stroke="red"/>')
            + f'<polyline points="{short}" marker-mid="url(#m)" fill="none"/>'
        ),
        "clip-by-a-long-line": document(
            f'<clipPath id="c"><polygon points="{short}"/></clipPath><g clip-path="url(#c)">{RECT * 100}</g>'
        ),
    }


def texts_and_styles(random_for, full):
    rng = random_for("texts")
    letters = "".join(chr(rng.randrange(0x4E00, 0x9000)) for _ in range(60_000))
    rules = "".join(f"g g g > rect.c{n}:not(.x):first-child {{ fill: #{n % 4096:03x} }}" for n in range(4000))
    rects = "".join(f'<rect class="c{n}" width="9" height="9"/>' for n in range(4000 if full else 2000))
    shapes = '<circle r="100" fill="red" opacity="0.5"/>' * (400_000 if full else 100_000)
    return {
        "text-of-60000-letters": document(f'<text y="50" font-size="40">{letters}</text>'),
        "text-in-letters-of-a-million": document(f'<text y="50" font-size="1000000">{letters[:300]}</text>'),
        "styles-for-everything": document(f"<style>{rules}</style><g><g><g>{rects}</g></g></g>"),
        "hundred-thousand-shapes": document(shapes),
        "attribute-of-9-mib": document(RECT.replace("<rect", '<rect id="' + "a" * (9 << 20) + '"')),
        "path-of-3-million-steps": document('<path d="M0 0' + "h1v1" * 1_500_000 + '" stroke="red"/>'),
    }
