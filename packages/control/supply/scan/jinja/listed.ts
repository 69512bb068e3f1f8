/**
 * What a chat template may use: names of Jinja2 and of the two functions that Transformers adds. In: nothing. Out: sets.
 * None of them calls what it is given, opens anything, or gives a way to an attribute by a computed name.
 */
const words = (list: string): ReadonlySet<string> => new Set(list.split(/\s+/));

export const statements = words(
  "for endfor if elif else endif set endset macro endmacro call endcall filter endfilter with endwith raw endraw block endblock " +
    "do break continue generation endgeneration autoescape endautoescape trans endtrans pluralize debug",
);

export const filters = words(
  "abs batch capitalize center count d default dictsort e escape filesizeformat first float forceescape format groupby indent " +
    "int items join last length list lower max min pprint random reject rejectattr replace reverse round safe select " +
    "selectattr slice sort string striptags sum title tojson trim truncate unique upper urlencode urlize wordcount wordwrap " +
    "map xmlattr from_json fromjson strftime_now",
);

export const tests = words(
  "boolean callable defined divisibleby eq equalto escaped even false filter float ge greaterthan gt in integer iterable le " +
    "lessthan lower lt mapping ne none None number odd sameas sequence string test true undefined upper not",
);

/** Functions by name. */
export const functions = words("range namespace raise_exception strftime_now dict joiner cycler loop");

/** Methods of text, lists, dicts and loops. */
export const methods = words(
  "strip lstrip rstrip split rsplit splitlines startswith endswith replace upper lower title capitalize casefold swapcase items " +
    "keys values get append extend insert pop remove clear update copy setdefault join find rfind index rindex count " +
    "isdigit isnumeric isalpha isalnum isspace isupper islower istitle isdecimal isidentifier strftime isoformat partition " +
    "rpartition removeprefix removesuffix zfill center ljust rjust expandtabs reverse sort cycle changed next format_name " +
    "encode decode format",
);
