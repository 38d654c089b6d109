"""Tables of coordinates over HTTP, with what their columns are."""

ROWS = "".join(f"一号楼,{north},{east}\n" for north, east in [(4856000, 594000), (4856000, 594020), (4856012, 594020)])


def send(client, **fields):
    content = ("丙,甲,乙\n" + ROWS).encode("gbk")
    return client.post("/uploads/preview", files={"file": ("点.csv", content)}, data={"crs": "EPSG:4551", **fields})


def test_columns_are_told_in_the_form(client):
    assert send(client).json()["refusal"]["kind"] == "table_columns"
    told = send(client, column=["north=甲", "east=乙", "feature=丙"]).json()
    assert (told["refusal"], told["rows"], told["refused"]) == (None, 1, 0)
    assert told["format"] == "CSV"


def test_a_column_that_is_told_in_another_form_is_refused(client):
    assert send(client, column=["nowhere"]).json()["refusal"]["kind"] == "table_role"
