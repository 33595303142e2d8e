# SPDX-License-Identifier: MIT
"""nginx, one process, without a log: nginx_.py FD. It listens by itself; as one process it can't inherit a socket."""
import os
import socket
import sys
import tempfile

with socket.socket(fileno=int(sys.argv[1])) as door:
    ADDRESS, PORT = door.getsockname()
HOME = tempfile.mkdtemp(prefix="simul-bench-nginx-")
CONFIGURATION = f"""
daemon off;
master_process off;
pid {HOME}/pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    default_type text/plain;
    client_body_temp_path {HOME}; proxy_temp_path {HOME}; fastcgi_temp_path {HOME}; uwsgi_temp_path {HOME}; scgi_temp_path {HOME};
    server {{
        listen {ADDRESS}:{PORT};
        location / {{ return 200 "Hello, world!"; }}
    }}
}}
"""

path = f"{HOME}/nginx.conf"
with open(path, "w") as file:
    file.write(CONFIGURATION)
os.execvp("/usr/sbin/nginx", ["nginx", "-c", path, "-e", "stderr"])
