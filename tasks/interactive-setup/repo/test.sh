[ -f server.ini ] || { echo "server.ini is missing; run setup.sh"; exit 1; }
grep -qx 'name = blue' server.ini && grep -qx 'port = 8123' server.ini
