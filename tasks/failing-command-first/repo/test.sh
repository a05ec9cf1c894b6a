said=$(bash backup.sh "/srv/data/notes.2026.txt" 7)
[ "$said" = "notes.2026-007.txt.bak" ] || { echo "expected notes.2026-007.txt.bak, got $said"; exit 1; }
