# Prints the name that the backup of a file gets.
name=${1##*/}
echo "${name%.*}-$2.bak"
