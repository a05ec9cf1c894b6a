# Asks what the server needs to know and writes server.ini. It talks to people only.
[ -t 0 ] || { echo "setup: this needs a terminal" >&2; exit 2; }
printf 'name of the server: '
read -r name
printf 'port: '
read -r port
case $port in *[!0-9]* | '') echo "setup: $port is no port"; exit 1 ;; esac
printf 'write server.ini? [y/n] '
read -r answer
[ "$answer" = y ] || exit 1
printf 'name = %s\nport = %s\n' "$name" "$port" >server.ini
echo written
